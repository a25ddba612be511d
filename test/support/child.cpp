// SPDX-License-Identifier: MIT
#include "child.hpp"

#include <fcntl.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <exception>
#include <stdexcept>

#include "fd.hpp"
#include "privileges.hpp"

namespace bpflink::test {

namespace {

void say(int descriptor, std::string_view text) {
  while (!text.empty()) {
    const ssize_t length = ::write(descriptor, text.data(), text.size());
    if (length <= 0) return;
    text.remove_prefix(static_cast<std::size_t>(length));
  }
}

// What the child writes goes to the parent, from a high descriptor too: 0, 1 and 2 are the test's to close.
int redirect(int pipe_end) {
  const int report = ::fcntl(pipe_end, F_DUPFD_CLOEXEC, 700);
  ::dup2(pipe_end, STDOUT_FILENO);
  ::dup2(pipe_end, STDERR_FILENO);
  ::close(pipe_end);
  return report;
}

int guarded(const std::function<void()>& f, int report) {
  const unsigned residues_before = residues();
  try {
    f();
    if (residues() == residues_before) return 0;
    say(report, "something was left behind\n");
  } catch (const std::exception& e) {
    say(report, std::string(e.what()) + "\n");
  } catch (...) {
    say(report, "an exception that is no std::exception: was a Catch assertion used in a child?\n");
  }
  return 1;
}

[[noreturn]] void be_the_child(const std::function<void()>& f, int pipe_end, pid_t parent, unsigned seconds) {
  ::prctl(PR_SET_PDEATHSIG, SIGKILL);
  if (::getppid() != parent) ::_exit(1);
  // Catch's handlers would report from here, into the parent's output file.
  for (const int number : {SIGINT, SIGILL, SIGFPE, SIGSEGV, SIGBUS, SIGTERM, SIGABRT, SIGALRM}) {
    ::signal(number, SIG_DFL);
  }
  const int report = redirect(pipe_end);
  // The limit is for what hangs, not for what is emulated.
  ::alarm(is_slow() ? 5 * seconds : seconds);
  const int status = guarded(f, report);
  std::fflush(stdout);
  std::fflush(stderr);
  ::_exit(status);
}

std::string position(source_place where) { return std::string(where.file) + ":" + std::to_string(where.line) + ": "; }

}  // namespace

std::string child_result::failure() const {
  if (*this) return {};
  if (timed_out) return "timed out\n" + output;
  if (signal != 0) return std::string("ended by a signal: ") + ::strsignal(signal) + "\n" + output;
  return "exit status " + std::to_string(exit_status) + "\n" + output;
}

bool is_slow() {
  const char* const value = std::getenv("BPFLINK_SLOW");
  return value != nullptr && std::string_view{value} == "1";
}

child_result in_child(const std::function<void()>& f, unsigned seconds) {
  int ends[2];
  if (::pipe2(ends, O_CLOEXEC) != 0) throw_error(errno, "making a pipe");
  const fd reader(ends[0]);
  fd writer(ends[1]);
  // Else the child would write once more what is waiting in these buffers.
  std::fflush(stdout);
  std::fflush(stderr);
  const pid_t parent = ::getpid();
  const pid_t pid = ::fork();
  if (pid < 0) throw_error(errno, "forking");
  if (pid == 0) {
    ::close(reader.get());
    be_the_child(f, writer.get(), parent, seconds);
  }
  writer.reset();

  child_result result;
  char chunk[4096];
  for (;;) {
    const ssize_t length = ::read(reader.get(), chunk, sizeof(chunk));
    if (length < 0 && errno == EINTR) continue;
    if (length <= 0) break;
    result.output.append(chunk, static_cast<std::size_t>(length));
  }
  int status = 0;
  while (::waitpid(pid, &status, 0) < 0) {
    if (errno != EINTR) throw_error(errno, "waiting for a child");
  }
  if (WIFEXITED(status)) result.exit_status = WEXITSTATUS(status);
  if (WIFSIGNALED(status)) result.signal = WTERMSIG(status);
  result.timed_out = result.signal == SIGALRM;
  return result;
}

void expect(bool condition, std::string_view what, source_place where) {
  if (!condition) throw std::runtime_error(position(where) + std::string(what));
}

void expect_equal(std::int64_t actual, std::int64_t expected, std::string_view what, source_place where) {
  if (actual == expected) return;
  throw std::runtime_error(position(where) + std::string(what) + " is " + std::to_string(actual) + ", not " +
                           std::to_string(expected));
}

void expect_equal(const std::string& actual, const std::string& expected, std::string_view what, source_place where) {
  if (actual == expected) return;
  throw std::runtime_error(position(where) + std::string(what) + " is \"" + actual + "\", not \"" + expected + "\"");
}

}  // namespace bpflink::test
