// SPDX-License-Identifier: MIT
#pragma once

#include <functional>
#include <map>
#include <string>
#include <string_view>

namespace bpflink::test {

/// Owns a descriptor, or holds the errno of the call that did not give one.
class fd {
 public:
  fd() = default;
  /// A descriptor, or -errno as the raw wrappers return it.
  explicit fd(long number_or_minus_errno) : number_(static_cast<int>(number_or_minus_errno)) {}
  fd(fd&& other) noexcept : number_(other.release()) {}
  fd& operator=(fd&& other) noexcept;
  fd(const fd&) = delete;
  fd& operator=(const fd&) = delete;
  ~fd() { reset(); }

  [[nodiscard]] int get() const noexcept { return number_; }
  /// 0 where there is a descriptor, else the errno.
  [[nodiscard]] int error() const noexcept { return number_ >= 0 ? 0 : -number_; }
  explicit operator bool() const noexcept { return number_ >= 0; }
  int release() noexcept;
  void reset() noexcept;

 private:
  int number_ = -9;  // -EBADF
};

/// The same descriptor, or an exception that says what was being done and why it failed.
fd must(fd descriptor, std::string_view doing);

/// Throws what errno (a positive number) says, with what was being done.
[[noreturn]] void throw_error(int error, std::string_view doing);

/// open(2), close-on-exec.
fd open_file(const std::string& path, int flags);

/// The open descriptors of this process and what /proc says that they are.
using descriptors = std::map<int, std::string>;
descriptors open_descriptors();
/// Those in the second that are not in the first, one a line: "7 -> anon_inode:bpf_link". Empty is good.
std::string leaked(const descriptors& before, const descriptors& after);

/// The whole of a (small) file; throws where it cannot be read.
std::string read_file(const std::string& path);
/// One write(2); 0 or errno.
int write_file(const std::string& path, std::string_view text);

/// How long to wait, in seconds, for what should come at once: also on a busy machine, and on an emulated one.
inline constexpr double patience = 20;

/// True as soon as the condition is; false when `seconds` have passed. For what the kernel does in its own time, such
/// as taking a network namespace down: it yields between tries.
[[nodiscard]] bool eventually(const std::function<bool()>& condition, double seconds = patience);

}  // namespace bpflink::test
