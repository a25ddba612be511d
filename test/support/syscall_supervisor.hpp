// SPDX-License-Identifier: MIT
// Sees each system call of a thread before the kernel does: counts them, reads what they point at, answers in the
// kernel's place (SECCOMP_RET_USER_NOTIF with a supervisor thread in the same process). Cannot be undone: use it
// in_child. It costs about 10 us a call.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <functional>
#include <span>
#include <string>
#include <vector>

namespace bpflink::test {

/// For SKIP_IF: empty where there is a supervisor (5.5, seccomp filters).
std::string needs_supervisor();
bool supervisor_available();

/// One system call, before it is made. Its result is not known.
struct system_call {
  long number = 0;  // SYS_bpf, ...
  std::array<std::uint64_t, 6> arguments{};
  /// What it points at, up to 256 bytes: bpf(2)'s and perf_event_open(2)'s attribute, the path of a call that takes
  /// one (with its final 0), the data of write, send and sendto.
  std::vector<std::byte> bytes;

  [[nodiscard]] std::uint32_t command() const { return static_cast<std::uint32_t>(arguments[0]); }  // of bpf(2)
  template <typename T = std::uint32_t>
  [[nodiscard]] T at(std::size_t offset) const {
    T value{};
    if (offset + sizeof(T) <= bytes.size()) std::memcpy(&value, bytes.data() + offset, sizeof(T));
    return value;
  }
  /// "bpf(28)", "openat(/sys/fs/cgroup)", "close", "syscall 435"
  [[nodiscard]] std::string name() const;
};

/// name() of each, joined by blanks: what a test compares or prints.
std::string names(const std::vector<system_call>& calls);

/// What becomes of a call.
struct verdict {
  bool proceeds = true;
  int error = 0;
  std::int64_t value = 0;

  static verdict proceed() { return {}; }
  static verdict fail(int error) { return {false, error, 0}; }
  static verdict give(std::int64_t value) { return {false, 0, value}; }
};

/// A call as a handler sees it. The handler runs on the supervisor's thread while the caller waits: it must not
/// allocate, lock or use Catch. It may make system calls, in the caller's process and with its descriptors, and write
/// to what the arguments point at.
struct observed_call {
  long number = 0;
  std::array<std::uint64_t, 6> arguments{};
  std::span<const std::byte> bytes;

  [[nodiscard]] std::uint32_t command() const { return static_cast<std::uint32_t>(arguments[0]); }
  template <typename T = std::uint32_t>
  [[nodiscard]] T at(std::size_t offset) const {
    T value{};
    if (offset + sizeof(T) <= bytes.size()) std::memcpy(&value, bytes.data() + offset, sizeof(T));
    return value;
  }
};
using call_handler = std::function<verdict(const observed_call&)>;

/// For handlers: what a kernel does whose union bpf_attr ends after `known` bytes. A byte after them that is not 0
/// gives E2BIG; else, and for other calls than bpf(2), the call proceeds.
verdict refuse_tail(const observed_call& call, std::size_t known);

/// A fault that was injected.
struct fault {
  std::size_t call = 0;  // 1 is the first of the operation
  int error = 0;
  system_call where;
};

/// There is one in a process, and it stays until the process ends: outside of the functions below all calls proceed.
/// It covers the calling thread and those that this one starts later. What refuse() answers it does not see.
class syscall_supervisor {
 public:
  /// Covers all calls but those of memory, locks, signals, threads and exit: what an operation asks of the kernel.
  syscall_supervisor();
  /// Covers these calls only.
  explicit syscall_supervisor(const std::vector<long>& calls);
  syscall_supervisor(const syscall_supervisor&) = delete;
  syscall_supervisor& operator=(const syscall_supervisor&) = delete;

  /// The covered calls that f makes, in order (at most 4096 are kept).
  std::vector<system_call> record_calls(const std::function<void()>& f);
  /// How many they are.
  std::size_t count_calls(const std::function<void()>& f);
  /// Runs f with the handler answering its calls.
  std::vector<system_call> with_handler(const call_handler& handler, const std::function<void()>& f);
  /// Runs f with its n-th covered call (from 1) failing. False if f made fewer. A close(2) that fails so has closed
  /// the descriptor all the same, as the kernel's does.
  bool fail_nth(std::size_t n, int error, const std::function<void()>& f);

  /// Runs f again and again, with each of its calls failing in turn with each of these, and `after` each time; throws
  /// if a descriptor that was opened meanwhile is still open after that, naming the call. Returns how many faults
  /// there were; the last run of f has none.
  std::size_t fail_each(std::span<const int> errors, const std::function<void()>& f,
                        const std::function<void(const fault&)>& after);

 private:
  struct state;
  state* state_;
};

}  // namespace bpflink::test
