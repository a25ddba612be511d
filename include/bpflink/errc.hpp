// SPDX-License-Identifier: MIT
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <system_error>
#include <type_traits>

#include "bpflink/detail/export.hpp"

namespace bpflink {

/// What a caller can do about a failure. The raw errno stays available beside it (bpf_error::sys_errno()).
///
/// An error condition enumeration: `error == errc::busy` reads well, and make_error_condition() puts it into
/// `<system_error>` under a category named "bpflink".
enum class errc : std::uint8_t {
  not_supported = 1,  ///< This kernel, or this kind of attachment, cannot do it. Degrade.
  permission_denied,  ///< A capability or file permission is missing; the error names it.
  invalid_argument,   ///< The request contradicts itself or the hook. Fix the caller.
  bad_handle,         ///< An empty, closed or foreign descriptor was given.
  wrong_type,      ///< The object is not of the kind asked for: a map instead of a link, an XDP program for a cgroup.
  not_found,       ///< The name, path, id, interface or process does not exist.
  already_exists,  ///< The path is in use, or this program is attached there already.
  busy,            ///< Somebody else owns the place.
  conflict,        ///< What was expected (old program, revision) is not what is there. Read again and retry.
  defunct,         ///< The link's target is gone, or the link was detached. Attach anew.
  ambiguous,       ///< The name means more than one thing.
  limit,           ///< A fixed number of the kernel's is used up (64 programs, one flow dissector).
  rejected,        ///< The verifier refused the program; bpf_error::log() has its words.
  system,          ///< Any other failure of the operating system: out of memory, out of descriptors, ...
};

/// The enumerator's name: "not_supported".
[[nodiscard]] BPFLINK_API std::string_view to_string(errc code) noexcept;

namespace detail {

// Defined here and not in the library, so that the class and its vtable are compiled in the user's world: a category
// object from a library without RTTI is an error to the sanitizer of a program with RTTI.
class BPFLINK_API error_condition_category final : public std::error_category {
 public:
  const char* name() const noexcept override { return "bpflink"; }
  std::string message(int value) const override { return std::string{to_string(static_cast<errc>(value))}; }
};

}  // namespace detail

/// The category of errc: its name is "bpflink".
[[nodiscard]] inline const std::error_category& error_category() noexcept {
  static const detail::error_condition_category category;
  return category;
}

/// For `<system_error>`: makes errc comparable with std::error_code and std::error_condition.
[[nodiscard]] inline std::error_condition make_error_condition(errc code) noexcept {
  return {static_cast<int>(code), error_category()};
}

}  // namespace bpflink

/// Makes errc an error condition enumeration.
template <>
struct std::is_error_condition_enum<bpflink::errc> : std::true_type {};
