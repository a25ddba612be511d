// SPDX-License-Identifier: MIT
#include "counts.hpp"

#include <sys/prctl.h>
#include <sys/ptrace.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <csignal>
#include <cstdio>
#include <exception>
#include <stdexcept>

#include "kept.hpp"
#include "support/alloc_counter.hpp"
#include "support/syscall_supervisor.hpp"

namespace bpflink::bench {

namespace {

// The work is done once and, again, thrice. What surrounds it is the same both times: half of the difference is what
// one time takes.
constexpr std::size_t few = 1;
constexpr std::size_t more = 3;
static_assert(more <= keepable);
constexpr unsigned seconds = 60;
constexpr int at_system_call = SIGTRAP | 0x80;

void stop() { ::syscall(SYS_tgkill, ::getpid(), ::gettid(), SIGSTOP); }

void finish(const side& of) {
  if (of.undo) of.undo(ending::one_by_one);
}

[[noreturn]] void be_traced(const side& of) {
  ::prctl(PR_SET_PDEATHSIG, SIGKILL);
  ::alarm(seconds);
  try {
    if (::ptrace(PTRACE_TRACEME, 0, nullptr, nullptr) != 0) failed("being traced");
    of.work(more);
    finish(of);
    for (const std::size_t times : {few, more}) {
      stop();
      of.work(times);
      finish(of);
      stop();
    }
  } catch (const std::exception& error) {
    std::fprintf(stderr, "%s\n", error.what());
    ::_exit(1);
  }
  ::_exit(0);
}

class traced_child {
 public:
  explicit traced_child(const side& of) : process_{::fork()} {
    if (process_ < 0) failed("fork");
    if (process_ == 0) be_traced(of);
    wait();
    if (::ptrace(PTRACE_SETOPTIONS, process_, nullptr, PTRACE_O_TRACESYSGOOD | PTRACE_O_EXITKILL) != 0) {
      failed("tracing a child");
    }
  }
  traced_child(const traced_child&) = delete;
  traced_child& operator=(const traced_child&) = delete;
  ~traced_child() {
    if (process_ <= 0) return;
    ::kill(process_, SIGKILL);
    ::waitpid(process_, nullptr, 0);
  }

  /// Lets it run to its next stop() in steps of this kind; `each` sees it after every step.
  template <class Each>
  void run(__ptrace_request step, const Each& each) {
    int passed_on = 0;
    for (;;) {
      if (::ptrace(step, process_, nullptr, passed_on) != 0) failed("tracing a child");
      const int signal = wait();
      if (signal == SIGSTOP) return;
      const bool ours = signal == SIGTRAP || signal == at_system_call;
      passed_on = ours ? 0 : signal;
      if (ours) each();
    }
  }

  /// The call that it is about to make; nothing when it comes back from one.
  [[nodiscard]] std::optional<test::system_call> call() const {
    __ptrace_syscall_info info{};
    if (::ptrace(PTRACE_GET_SYSCALL_INFO, process_, sizeof info, &info) < 0) failed("tracing a child");
    if (info.op != PTRACE_SYSCALL_INFO_ENTRY) return std::nullopt;
    test::system_call call;
    call.number = static_cast<long>(info.entry.nr);
    std::copy(std::begin(info.entry.args), std::end(info.entry.args), call.arguments.begin());
    return call;
  }

 private:
  int wait() {
    int status = 0;
    while (::waitpid(process_, &status, 0) < 0) {
      if (errno != EINTR) failed("waiting for a child");
    }
    if (WIFSTOPPED(status)) return WSTOPSIG(status);
    process_ = 0;
    throw std::runtime_error("the child whose work is counted ended early");
  }

  pid_t process_;
};

constexpr auto nothing = [] {};

std::vector<std::string> next_calls(traced_child& child) {
  std::vector<std::string> names;
  child.run(PTRACE_SYSCALL, [&] {
    if (const auto call = child.call()) names.push_back(call->name());
  });
  names.pop_back();  // the one that stopped it
  return names;
}

double next_instructions(traced_child& child) {
  double steps = 0;
  child.run(PTRACE_SINGLESTEP, [&] { ++steps; });
  return steps;
}

constexpr double each(double of_few, double of_more) { return (of_more - of_few) / static_cast<double>(more - few); }

}  // namespace

std::string counts::names() const {
  std::string all;
  for (const auto& name : calls) all += (all.empty() ? "" : " ") + name;
  return all;
}

counts count(const side& of) {
  counts result;
  {
    traced_child child{of};
    result.calls = next_calls(child);
    child.run(PTRACE_CONT, nothing);
    result.calls_each = each(static_cast<double>(result.calls.size()), static_cast<double>(next_calls(child).size()));
  }
  {
    traced_child child{of};
    const double of_few = next_instructions(child);
    child.run(PTRACE_CONT, nothing);
    result.instructions = each(of_few, next_instructions(child));
  }
  of.work(few);
  finish(of);
  const auto allocated = test::allocations([&] {
    of.work(more);
    finish(of);
  });
  if (allocated) result.allocations = static_cast<double>(*allocated) / static_cast<double>(more);
  return result;
}

}  // namespace bpflink::bench
