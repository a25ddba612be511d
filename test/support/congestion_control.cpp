// SPDX-License-Identifier: MIT
#include "congestion_control.hpp"

#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <cerrno>
#include <cstring>
#include <utility>

#include "btf_blob.hpp"
#include "kernel_version.hpp"
#include "loopback.hpp"
#include "privileges.hpp"
#include "vmlinux_btf.hpp"

namespace bpflink::test {

namespace {

constexpr const char* own_table = "tcp_congestion_ops";
constexpr const char* value_type = "bpf_struct_ops_tcp_congestion_ops";
constexpr std::uint32_t map_type_struct_ops = 26;
constexpr std::uint32_t flag_link = 1U << 13U;
constexpr std::int32_t window = 10;

// The kernel wants the map to have BTF, and looks at none of it.
fd own_types() {
  btf_blob blob;
  blob.add(btf_blob::integer, "int", 4, {32U | 1U << 24U});
  const auto bytes = blob.bytes();
  attribute attr;
  attr.put_pointer(0, bytes.data()).put(16, static_cast<std::uint32_t>(bytes.size()));
  return must(fd(attr.call(command::btf_load, 28)), "loading BTF");
}

}  // namespace

fd load_for_member(const char* table, const char* member, const instructions& code) {
  const auto& types = vmlinux_btf::get();
  return load({.type = prog_type::struct_ops,
               .code = code,
               .expected_attach_type = types.member_index(table, member).value(),
               .name = member,
               .attach_btf_id = types.structure(table).value()});
}

std::string needs_struct_ops() {
  if (auto reason = needs_root(); !reason.empty()) return reason;
  if (auto reason = needs_kernel(5, 6, "struct_ops"); !reason.empty()) return reason;
  return needs_vmlinux_btf();
}

std::string unique_control_name() {
  static std::atomic<unsigned> count{0};
  return "bl" + std::to_string(::getpid()) + "_" + std::to_string(count++);
}

congestion_control::congestion_control(std::string name)
    : name_{std::move(name)}, counter_{test::counter_map()}, value_(vmlinux_btf::get().size_of(value_type).value()) {
  const std::pair<const char*, instructions> functions[] = {
      {"ssthresh", return_value(window)},
      {"undo_cwnd", return_value(window)},
      {"cong_avoid", count_and_return(counter_.get(), 0)},
  };
  for (const auto& [member, code] : functions) {
    programs_.push_back(load_for_member(own_table, member, code));
    set(member, static_cast<std::uint64_t>(programs_.back().get()));
  }
  const auto at = vmlinux_btf::get().find_member(value_type, "data.name").value();
  std::memcpy(value_.data() + at.offset(), name_.c_str(), std::min<std::size_t>(name_.size(), at.size() - 1));
}

void congestion_control::set(const std::string& member, std::uint64_t number, std::size_t size) {
  const auto at = vmlinux_btf::get().find_member(value_type, "data." + member).value();
  std::memcpy(value_.data() + at.offset(), &number, size);
}

void congestion_control::set_head(std::uint32_t number) { std::memcpy(value_.data(), &number, sizeof number); }

fd empty_table(const char* value, bool for_link) {
  const auto& types = vmlinux_btf::get();
  const auto btf = own_types();
  attribute attr;
  attr.put(0, map_type_struct_ops)
      .put(4, std::uint32_t{4})
      .put(8, types.size_of(value).value())
      .put(12, std::uint32_t{1})
      .put(16, for_link ? flag_link : 0)
      .put(48, btf.get())
      .put(60, types.structure(value).value());
  constexpr char name[] = "bpflink_test";
  for (std::size_t i = 0; i < sizeof name; ++i) attr.put(28 + i, name[i]);
  return must(fd(attr.call(command::map_create, 72)), "creating a struct_ops map");
}

fd congestion_control::empty_map(bool for_link) { return empty_table(value_type, for_link); }

fd congestion_control::filled_map() const {
  auto map = empty_map();
  const std::uint32_t key = 0;
  if (const int error = map_update(map.get(), &key, value_.data()); error != 0) {
    throw_error(error, "filling a struct_ops map");
  }
  return map;
}

counted_program counted_control(const std::string& name) {
  congestion_control made{name};
  counted_program counted;
  counted.program = made.filled_map();
  counted.counter = std::move(made.counter_);
  return counted;
}

namespace {

int choose(int socket, const std::string& name) {
  return ::setsockopt(socket, IPPROTO_TCP, TCP_CONGESTION, name.c_str(), static_cast<socklen_t>(name.size())) == 0
             ? 0
             : errno;
}

}  // namespace

int choose_congestion_control(const std::string& name) {
  const auto socket = make_socket(family::ipv4, SOCK_STREAM);
  return choose(socket.get(), name);
}

int send_with(const std::string& name, std::size_t bytes) {
  const tcp_listener listener;
  const auto sender = make_socket(family::ipv4, SOCK_STREAM);
  if (const int error = choose(sender.get(), name); error != 0) return error;
  if (const int error = connect_to(sender.get(), loopback{family::ipv4, listener.port()}, 2); error != 0) return error;
  if (!wait_for(listener.get(), POLLIN, 2)) return ETIMEDOUT;
  const fd receiver(::accept4(listener.get(), nullptr, nullptr, SOCK_CLOEXEC | SOCK_NONBLOCK));
  if (!receiver) return errno;
  std::vector<char> buffer(4096);
  std::size_t sent = 0;
  for (std::size_t received = 0; received < bytes;) {
    if (sent < bytes) {
      const auto wrote = ::send(sender.get(), buffer.data(), std::min(buffer.size(), bytes - sent), MSG_NOSIGNAL);
      if (wrote < 0 && errno != EAGAIN) return errno;
      sent += wrote > 0 ? static_cast<std::size_t>(wrote) : 0;
    }
    if (!wait_for(receiver.get(), POLLIN, 5)) return ETIMEDOUT;
    const auto got = ::read(receiver.get(), buffer.data(), buffer.size());
    if (got <= 0) return got < 0 ? errno : EPIPE;
    received += static_cast<std::size_t>(got);
  }
  return 0;
}

}  // namespace bpflink::test
