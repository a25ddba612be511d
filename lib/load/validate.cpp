// SPDX-License-Identifier: MIT
#include "load/validate.hpp"

#include <algorithm>
#include <cstdint>
#include <limits>

#include "load/types.hpp"

namespace bpflink::loading {

namespace {

using kind = load_target::kind;

constexpr std::size_t longest_name = 15;

diagnosis bad(const text& reason, const text& hint = {}) noexcept {
  return {errc::invalid_argument, cause::bad_option, reason, hint};
}

bool fits_in_name(char letter) noexcept {
  return (letter >= 'a' && letter <= 'z') || (letter >= 'A' && letter <= 'Z') || (letter >= '0' && letter <= '9') ||
         letter == '_' || letter == '.';
}

std::optional<diagnosis> wrong_name(std::string_view name) noexcept {
  if (name.size() > longest_name) {
    return bad(text{"the name has {} bytes; the kernel takes {}", name.size(), longest_name});
  }
  if (!std::all_of(name.begin(), name.end(), fits_in_name)) {
    return bad(text{"the name has a character that is no letter, digit, '_' or '.'"});
  }
  return std::nullopt;
}

std::optional<diagnosis> wrong_named_target(const program_options& options) noexcept {
  const auto& target = options.target;
  if (target.name().empty()) return bad(text{"the target's name is empty"});
  if (target.how() == kind::by_name_in_program) return std::nullopt;
  if (target.how() == kind::by_name_in_module && target.module().empty())
    return bad(text{"the module's name is empty"});
  if (options.type == program_type::ext) {
    return bad(text{"an extension replaces a function of another program, not of the kernel"},
               text{"use load_target::name_in_program()"});
  }
  if (rule_for(options.type, options.expected_attach_type)) return std::nullopt;
  return bad(text{"which kind of target '{}' is depends on the expected attach type, and {}", target.name(),
                  options.expected_attach_type ? "this one has no targets with names" : "none is given"});
}

std::optional<diagnosis> wrong_target(const program_options& options) noexcept {
  const auto& target = options.target;
  const auto* const facts = facts_of(options.type);
  if (target.how() == kind::none) {
    // What newer kernels may load without a target is left to them.
    const bool needed = facts != nullptr && facts->has_target && rule_for(options.type, options.expected_attach_type);
    if (!needed) return std::nullopt;
    return bad(text{"{} programs attach to a target that is chosen when they are loaded, and none is given",
                    to_string(options.type)});
  }
  if (facts != nullptr && !facts->has_target) {
    return bad(text{"a target is given, and {} programs have none when they are loaded", to_string(options.type)});
  }
  switch (target.how()) {
    case kind::by_id_in_btf:
    case kind::by_id_in_program:
    case kind::by_name_in_program:
      if (!target.holder()) {
        return diagnosis{
            errc::bad_handle,
            cause::empty_handle,
            text{"the handle of the target's {} is empty", target.how() == kind::by_id_in_btf ? "BTF" : "program"},
            {}};
      }
      break;
    default:
      break;
  }
  switch (target.how()) {
    case kind::by_name:
    case kind::by_name_in_module:
    case kind::by_name_in_program:
      return wrong_named_target(options);
    default:
      return target.type() == 0 ? std::optional{bad(text{"0 is no BTF type id"})} : std::nullopt;
  }
}

}  // namespace

std::optional<diagnosis> wrong_options(const program_options& options) noexcept {
  const auto count = options.instructions.count();
  if (count == 0) return bad(text{"there are no instructions"});
  if (count > std::numeric_limits<std::uint32_t>::max() ||
      options.functions.size() > std::numeric_limits<std::uint32_t>::max()) {
    return bad(text{"there are more instructions than a number of 32 bits can say"});
  }
  if (static_cast<bool>(options.btf) != !options.functions.empty()) {
    return bad(options.btf ? text{"BTF is given without saying which functions of it the program has"}
                           : text{"functions are given without the BTF that has their types"});
  }
  if (auto wrong = wrong_name(options.name)) return wrong;
  return wrong_target(options);
}

}  // namespace bpflink::loading
