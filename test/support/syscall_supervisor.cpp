// SPDX-License-Identifier: MIT
#include "syscall_supervisor.hpp"

#include <linux/seccomp.h>
#include <sys/ioctl.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <cerrno>
#include <csignal>
#include <stdexcept>
#include <thread>

#include "fd.hpp"
#include "kernel_version.hpp"
#include "seccomp_filter.hpp"
#include "system_call_table.hpp"

namespace bpflink::test {

namespace {

constexpr std::size_t bytes_kept = 256;
constexpr std::size_t calls_kept = 4096;
constexpr std::uint32_t flag_continue = 1;

// Memory, locks, signals, threads, time and the end: they come when the C library likes, and say nothing about what an
// operation asks of the kernel.
constexpr long uncovered[] = {
    SYS_mmap,        SYS_munmap,          SYS_mremap,
    SYS_mprotect,    SYS_madvise,         SYS_brk,
    SYS_futex,       SYS_rt_sigaction,    SYS_rt_sigreturn,
    SYS_sigaltstack, SYS_restart_syscall, SYS_rt_sigprocmask,
    SYS_clone,       SYS_set_robust_list, SYS_gettid,
    SYS_sched_yield, SYS_tgkill,          SYS_clock_nanosleep,
    SYS_nanosleep,   SYS_clock_gettime,   SYS_getrandom,
    SYS_exit,        SYS_exit_group,      SYS_set_tid_address,
    SYS_wait4,       SYS_membarrier,      SYS_sched_getaffinity,
#ifdef SYS_clone3
    SYS_clone3,
#endif
#ifdef SYS_rseq
    SYS_rseq,
#endif
};

// One call in memory that is there beforehand: while a call waits for its answer nothing may be allocated, as the
// caller may hold the allocator's lock.
struct slot {
  long number = 0;
  std::array<std::uint64_t, 6> arguments{};
  std::size_t size = 0;
  std::array<std::byte, bytes_kept> bytes{};
};

std::atomic<bool> exists = false;

}  // namespace

struct syscall_supervisor::state {
  std::atomic<int> listener = -1;
  std::atomic<bool> active = false;
  std::atomic<std::size_t> seen = 0;
  const call_handler* handler = nullptr;
  std::size_t failing = 0;
  int error = 0;
  std::vector<slot> slots = std::vector<slot>(calls_kept);

  void serve();
  verdict judge(const seccomp_notif& notification);
  [[nodiscard]] verdict decide(std::size_t nth, const slot& current) const;
  void run(const std::function<void()>& f);
  [[nodiscard]] std::vector<system_call> calls() const;
};

namespace {

void read_bytes(const seccomp_notif& notification, slot& into) {
  into.size = 0;
  const call_description* const description = describe(notification.data.nr);
  if (description == nullptr || description->pointer >= 6) return;
  std::size_t size = bytes_kept;
  if (description->size < 6) size = std::min<std::size_t>(size, notification.data.args[description->size]);
  if (description->fixed_size != 0) size = description->fixed_size;
  iovec to{into.bytes.data(), size};
  // Not by plain reading: the pointer may be a bad one, or another process's.
  iovec from{reinterpret_cast<void*>(notification.data.args[description->pointer]), size};
  const long length = ::syscall(SYS_process_vm_readv, notification.pid, &to, 1UL, &from, 1UL, 0UL);
  if (length > 0) into.size = static_cast<std::size_t>(length);
  if (!description->is_path()) return;
  const auto* const end = std::find(into.bytes.data(), into.bytes.data() + into.size, std::byte{0});
  into.size = std::min(into.size, static_cast<std::size_t>(end - into.bytes.data()) + 1);
}

}  // namespace

verdict syscall_supervisor::state::judge(const seccomp_notif& notification) {
  if (!active.load()) return verdict::proceed();
  const std::size_t index = seen.load();
  // The last slot takes what there is no room for: a handler sees all calls.
  slot& current = slots[std::min(index, calls_kept)];
  current.number = notification.data.nr;
  std::copy_n(notification.data.args, 6, current.arguments.begin());
  read_bytes(notification, current);
  const verdict decided = decide(index + 1, current);
  // Last: the caller, who changes the state for its next run, has looked at this by then.
  seen.store(index + 1);
  return decided;
}

verdict syscall_supervisor::state::decide(std::size_t nth, const slot& current) const {
  if (handler != nullptr) return (*handler)({current.number, current.arguments, {current.bytes.data(), current.size}});
  if (nth != failing) return verdict::proceed();
  if (current.number == SYS_close) ::syscall(SYS_close, current.arguments[0]);
  return verdict::fail(error);
}

void syscall_supervisor::state::serve() {
  listener.wait(-1);
  for (;;) {
    // Larger than the structures of today, for kernels that know larger ones.
    alignas(8) std::array<std::byte, 512> received{};
    auto& notification = *reinterpret_cast<seccomp_notif*>(received.data());
    if (::ioctl(listener.load(), SECCOMP_IOCTL_NOTIF_RECV, &notification) != 0) {
      if (errno == EINTR || errno == ENOENT) continue;
      return;
    }
    const verdict decided = judge(notification);
    alignas(8) std::array<std::byte, 512> sent{};
    auto& response = *reinterpret_cast<seccomp_notif_resp*>(sent.data());
    response.id = notification.id;
    response.flags = decided.proceeds ? flag_continue : 0;
    response.error = -decided.error;
    response.val = decided.value;
    ::ioctl(listener.load(), SECCOMP_IOCTL_NOTIF_SEND, &response);
  }
}

void syscall_supervisor::state::run(const std::function<void()>& f) {
  struct end_of_run {
    state* of;
    ~end_of_run() {
      of->active.store(false);
      (void)of->seen.load();
    }
  } const guard{this};
  seen.store(0);
  active.store(true);
  f();
}

std::vector<system_call> syscall_supervisor::state::calls() const {
  std::vector<system_call> copies;
  for (std::size_t i = 0; i < std::min(seen.load(), calls_kept); ++i) {
    const slot& from = slots[i];
    const auto* const bytes = from.bytes.data();
    copies.push_back({from.number, from.arguments, {bytes, bytes + from.size}});
  }
  return copies;
}

std::string needs_supervisor() {
  if (std::string reason = needs_kernel(5, 5, "a system call supervisor"); !reason.empty()) return reason;
  std::uint32_t action = SECCOMP_RET_USER_NOTIF;
  if (::syscall(SYS_seccomp, SECCOMP_GET_ACTION_AVAIL, 0, &action) == 0) return {};
  return "needs seccomp filters that notify";
}

bool supervisor_available() { return needs_supervisor().empty(); }

verdict refuse_tail(const observed_call& call, std::size_t known) {
  if (call.number != SYS_bpf || call.bytes.size() <= known) return verdict::proceed();
  const auto tail = call.bytes.subspan(known);
  const bool zero = std::all_of(tail.begin(), tail.end(), [](std::byte b) { return b == std::byte{0}; });
  return zero ? verdict::proceed() : verdict::fail(E2BIG);
}

namespace {

seccomp_filter covering(const std::vector<long>& calls) {
  seccomp_filter filter;
  for (const long call : calls) filter.add({call, 0}, SECCOMP_RET_USER_NOTIF);
  return filter;
}

seccomp_filter covering_all() {
  seccomp_filter filter;
  for (const long call : uncovered) filter.add({call, 0}, SECCOMP_RET_ALLOW);
  return filter;
}

}  // namespace

syscall_supervisor::syscall_supervisor() : syscall_supervisor(std::vector<long>{}) {}

// The state is never freed: the thread that uses it ends with the process.
syscall_supervisor::syscall_supervisor(const std::vector<long>& calls) : state_(new state) {
  if (const std::string reason = needs_supervisor(); !reason.empty()) throw std::runtime_error(reason);
  if (exists.exchange(true)) throw std::logic_error("a second system call supervisor");
  state_->slots.resize(calls_kept + 1);
  sigset_t all;
  sigset_t before;
  ::sigfillset(&all);
  ::pthread_sigmask(SIG_SETMASK, &all, &before);
  std::thread([state = state_] { state->serve(); }).detach();
  ::pthread_sigmask(SIG_SETMASK, &before, nullptr);

  seccomp_filter filter = calls.empty() ? covering_all() : covering(calls);
  const std::uint32_t otherwise = calls.empty() ? SECCOMP_RET_USER_NOTIF : SECCOMP_RET_ALLOW;
  state_->listener.store(static_cast<int>(filter.install(otherwise, SECCOMP_FILTER_FLAG_NEW_LISTENER)));
  state_->listener.notify_one();
}

std::vector<system_call> syscall_supervisor::record_calls(const std::function<void()>& f) {
  state_->run(f);
  return state_->calls();
}

std::size_t syscall_supervisor::count_calls(const std::function<void()>& f) {
  state_->run(f);
  return state_->seen.load();
}

std::vector<system_call> syscall_supervisor::with_handler(const call_handler& handler, const std::function<void()>& f) {
  state_->handler = &handler;
  struct end_of_handler {
    state* to;
    ~end_of_handler() { to->handler = nullptr; }
  } const guard{state_};
  return record_calls(f);
}

bool syscall_supervisor::fail_nth(std::size_t n, int error, const std::function<void()>& f) {
  state_->failing = n;
  state_->error = error;
  struct end_of_fault {
    state* to;
    ~end_of_fault() { to->failing = 0; }
  } const guard{state_};
  return count_calls(f) >= n;
}

std::size_t syscall_supervisor::fail_each(std::span<const int> errors, const std::function<void()>& f,
                                          const std::function<void(const fault&)>& after) {
  std::size_t faults = 0;
  for (std::size_t n = 1;; ++n) {
    for (const int error : errors) {
      const descriptors before = open_descriptors();
      if (!fail_nth(n, error, f)) return faults;
      ++faults;
      const fault injected{n, error, state_->calls().at(n - 1)};
      after(injected);
      if (const std::string leaks = leaked(before, open_descriptors()); !leaks.empty()) {
        throw std::runtime_error("errno " + std::to_string(error) + " from call " + std::to_string(n) + ", " +
                                 injected.where.name() + ", leaks:\n" + leaks);
      }
    }
  }
}

}  // namespace bpflink::test
