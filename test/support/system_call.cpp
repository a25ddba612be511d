// SPDX-License-Identifier: MIT
#include <sys/syscall.h>

#include <algorithm>
#include <string_view>

#include "syscall_supervisor.hpp"
#include "system_call_table.hpp"

namespace bpflink::test {

namespace {

constexpr unsigned none = 6;

// What the supervisor knows about a call. Calls that are not here have neither name nor bytes.
constexpr call_description descriptions[] = {
    {SYS_bpf, "bpf", 1, 2},
    {SYS_perf_event_open, "perf_event_open", 0, none, 136},
    {SYS_openat, "openat", 1},
    {SYS_unlinkat, "unlinkat", 1},
    {SYS_mkdirat, "mkdirat", 1},
    {SYS_newfstatat, "newfstatat", 1},
    {SYS_statx, "statx", 1},
    {SYS_readlinkat, "readlinkat", 1},
    {SYS_faccessat, "faccessat", 1},
    {SYS_renameat2, "renameat2", 1},
    {SYS_linkat, "linkat", 1},
    {SYS_name_to_handle_at, "name_to_handle_at", 1},
    {SYS_statfs, "statfs", 0},
#ifdef SYS_open
    {SYS_open, "open", 0},
    {SYS_stat, "stat", 0},
    {SYS_lstat, "lstat", 0},
    {SYS_access, "access", 0},
    {SYS_readlink, "readlink", 0},
    {SYS_rename, "rename", 0},
    {SYS_unlink, "unlink", 0},
    {SYS_mkdir, "mkdir", 0},
    {SYS_rmdir, "rmdir", 0},
    {SYS_poll, "poll", none},
    {SYS_dup2, "dup2", none},
#endif
    {SYS_write, "write", 1, 2},
    {SYS_sendto, "sendto", 1, 2},
    {SYS_pwrite64, "pwrite64", 1, 2},
    {SYS_read, "read", none},
    {SYS_pread64, "pread64", none},
    {SYS_close, "close", none},
    {SYS_fstat, "fstat", none},
    {SYS_fstatfs, "fstatfs", none},
    {SYS_lseek, "lseek", none},
    {SYS_ioctl, "ioctl", none},
    {SYS_fcntl, "fcntl", none},
    {SYS_dup, "dup", none},
    {SYS_dup3, "dup3", none},
    {SYS_getdents64, "getdents64", none},
    {SYS_socket, "socket", none},
    {SYS_bind, "bind", none},
    {SYS_connect, "connect", none},
    {SYS_sendmsg, "sendmsg", none},
    {SYS_recvfrom, "recvfrom", none},
    {SYS_recvmsg, "recvmsg", none},
    {SYS_getsockname, "getsockname", none},
    {SYS_setsockopt, "setsockopt", none},
    {SYS_getsockopt, "getsockopt", none},
    {SYS_ppoll, "ppoll", none},
    {SYS_setns, "setns", none},
    {SYS_unshare, "unshare", none},
    {SYS_uname, "uname", none},
    {SYS_capget, "capget", none},
    {SYS_prlimit64, "prlimit64", none},
    {SYS_getpid, "getpid", none},
};

}  // namespace

const call_description* describe(long number) noexcept {
  const auto* const found = std::find_if(std::begin(descriptions), std::end(descriptions),
                                         [number](const call_description& d) { return d.number == number; });
  return found == std::end(descriptions) ? nullptr : found;
}

std::string system_call::name() const {
  const call_description* const description = describe(number);
  if (description == nullptr) return "syscall " + std::to_string(number);
  std::string text = description->name;
  if (number == SYS_bpf) return text + "(" + std::to_string(command()) + ")";
  if (description->is_path() && !bytes.empty()) {
    const std::string_view path(reinterpret_cast<const char*>(bytes.data()), bytes.size());
    text.append("(").append(path.substr(0, path.find('\0'))).append(")");
  }
  return text;
}

std::string names(const std::vector<system_call>& calls) {
  std::string joined;
  for (const system_call& call : calls) joined.append(joined.empty() ? "" : " ").append(call.name());
  return joined;
}

}  // namespace bpflink::test
