// SPDX-License-Identifier: MIT
#pragma once

#include <cstdlib>
#include <string>
#include <string_view>
#include <tl/expected.hpp>

#include "bpflink/cause.hpp"
#include "bpflink/detail/export.hpp"
#include "bpflink/errc.hpp"
#include "bpflink/operation.hpp"

namespace bpflink {

namespace detail {
struct error_record;
struct error_access;
}  // namespace detail

/// What failed, why, and what to do: values to branch on, and one sentence for a person.
///
/// The texts live in one shared block, made when the failure was known: copies are cheap, any thread may read them, and
/// they stay valid as long as a copy of the error does. Without memory for the texts the values remain.
class [[nodiscard]] BPFLINK_API bpf_error {
 public:
  /// Shares the texts.
  bpf_error(const bpf_error& other) noexcept;
  /// Leaves `other` with its values and without texts.
  bpf_error(bpf_error&& other) noexcept;
  /// Shares the texts.
  bpf_error& operator=(const bpf_error& other) noexcept;
  /// Leaves `other` with its values and without texts.
  bpf_error& operator=(bpf_error&& other) noexcept;
  ~bpf_error();

  /// What a caller can do about it.
  [[nodiscard]] errc code() const noexcept { return code_; }
  /// The errno that the first failing call gave; 0 where no system call failed. ENOTSUPP is 524.
  [[nodiscard]] int sys_errno() const noexcept { return sys_errno_; }
  /// The call that failed.
  [[nodiscard]] bpflink::operation operation() const noexcept { return operation_; }
  /// Why, where it was established.
  [[nodiscard]] bpflink::cause cause() const noexcept { return cause_; }

  /// What was being done: "attach cgroup inet_egress". Valid as long as this error or a copy of it.
  [[nodiscard]] std::string_view action() const noexcept;
  /// What it was done to: a path, "interface 2", "link 17"; empty where nothing was named.
  [[nodiscard]] std::string_view target() const noexcept;
  /// The cause as a sentence without a full stop.
  [[nodiscard]] std::string_view reason() const noexcept;
  /// What to do about it; empty where that is not known.
  [[nodiscard]] std::string_view hint() const noexcept;
  /// The kernel's own words: the verifier's log, or netlink's extended acknowledgement. Empty where there are none.
  [[nodiscard]] std::string_view log() const noexcept;
  /// Where a better mechanism had been tried before the one that failed: its failure. Else null.
  [[nodiscard]] const bpf_error* first() const noexcept;

  /// One line: action, target, reason, hint, call and errno. Allocates.
  [[nodiscard]] std::string message() const;

  /// `error == errc::busy`.
  [[nodiscard]] friend bool operator==(const bpf_error& error, errc code) noexcept { return error.code_ == code; }

 private:
  friend struct detail::error_access;
  bpf_error(errc code, bpflink::operation call, bpflink::cause why, int number, detail::error_record* record) noexcept
      : code_{code}, operation_{call}, cause_{why}, sys_errno_{number}, record_{record} {}

  errc code_;
  bpflink::operation operation_;
  bpflink::cause cause_;
  int sys_errno_;
  detail::error_record* record_;
};

/// The symbolic name of an errno: "EINVAL"; "ENOTSUPP" for the kernel's private 524; empty for an unknown number.
[[nodiscard]] BPFLINK_API std::string_view errno_name(int number) noexcept;

}  // namespace bpflink

#if !defined(__EXCEPTIONS) && TL_EXPECTED_VERSION_MAJOR == 1 && TL_EXPECTED_VERSION_MINOR < 3
// Without exceptions, value() of an error is undefined behaviour in tl-expected before 1.3. For our errors it aborts.
template <>
[[noreturn]] inline void tl::detail::throw_exception<tl::bad_expected_access<bpflink::bpf_error>>(
    tl::bad_expected_access<bpflink::bpf_error>&&) {
  std::abort();
}
#endif

namespace bpflink {

/// A value, or the bpf_error that says why there is none. Look before you take: `*r` of an error is undefined,
/// `r.value()` of an error throws where exceptions are on and aborts where they are off.
template <class T>
using expected = tl::expected<T, bpf_error>;

}  // namespace bpflink
