// SPDX-License-Identifier: MIT
#include "load/explain.hpp"

#include <algorithm>
#include <array>
#include <cerrno>

#include "attach/rules.hpp"
#include "btf/objects.hpp"
#include "explain/program.hpp"
#include "kernel/files.hpp"
#include "kernel/release.hpp"
#include "load/privilege.hpp"
#include "load/program_flags.hpp"
#include "load/types.hpp"

namespace bpflink::loading {

namespace {

constexpr std::size_t most_instructions = 1'000'000;
constexpr kernel_version long_programs_since{5, 2};

question about(const program_options& options, const resolved_target& target) noexcept {
  return {.type = options.type,
          .where = options.expected_attach_type.value_or(attach_type{}),
          .target_type = target.type,
          .target_object = target.object,
          .flags = program_flags(options)};
}

// Whether the kernel has programs of the type at all.
std::optional<diagnosis> unknown_type(program_type type) noexcept {
  const auto* const facts = facts_of(type);
  const auto where = facts != nullptr ? facts->to_ask_with : attach_type{};
  if (ask({.type = type, .where = where}) != answer::no) return std::nullopt;
  if (facts == nullptr) {
    return diagnosis{errc::not_supported,
                     cause::missing_feature,
                     text{"this kernel has no programs of type {}", static_cast<std::uint32_t>(type)},
                     {}};
  }
  if (kernel::running_version() < facts->since) {
    return diagnosis{errc::not_supported,
                     cause::missing_feature,
                     text{"this kernel has no {} programs, which came with Linux {}.{}", to_string(type),
                          facts->since.major, facts->since.minor},
                     {}};
  }
  return diagnosis{errc::not_supported,
                   cause::missing_configuration,
                   text{"this kernel was built without {} programs", to_string(type)},
                   {}};
}

// "xdp, xdp_devmap or xdp_cpumap"; of many, a few.
text list(std::span<const attach_type> wheres) noexcept {
  constexpr std::size_t most = 6;
  constexpr std::size_t few = 3;
  text words{"{}", wheres.size() > most ? "one of many, such as " : ""};
  if (wheres.size() > most) wheres = wheres.first(few);
  for (std::size_t index = 0; index < wheres.size(); ++index) {
    words.add("{}{}", index == 0 ? "" : index + 1 == wheres.size() ? " or " : ", ", to_string(wheres[index]));
  }
  return words;
}

// The type is known: is it the expected attach type that is refused?
std::optional<diagnosis> unfit_expected_attach_type(const program_options& options,
                                                    const resolved_target& target) noexcept {
  auto asked = about(options, target);
  asked.flags = 0;
  if (ask(asked) != answer::no) return std::nullopt;
  const auto wheres = hooks::attach_types_of(options.type);
  const auto works = std::any_of(wheres.begin(), wheres.end(), [&](attach_type where) {
    asked.where = where;
    return where != options.expected_attach_type && ask(asked) == answer::yes;
  });
  if (!works) return std::nullopt;
  if (!options.expected_attach_type) {
    return diagnosis{errc::invalid_argument, cause::wrong_expected_attach_type,
                     text{"{} programs are loaded for one attach type, and none is given", to_string(options.type)},
                     text{"set expected_attach_type to {}", list(wheres).view()}};
  }
  const auto given = *options.expected_attach_type;
  if (std::find(wheres.begin(), wheres.end(), given) == wheres.end()) {
    return diagnosis{errc::invalid_argument, cause::wrong_expected_attach_type,
                     text{"{} is no attach type of {} programs", to_string(given), to_string(options.type)},
                     text{"set expected_attach_type to {}", list(wheres).view()}};
  }
  return diagnosis{errc::not_supported,
                   cause::missing_feature,
                   text{"this kernel has {} programs, but not for {}", to_string(options.type), to_string(given)},
                   {}};
}

std::optional<diagnosis> unknown_flag(const program_options& options, const resolved_target& target) noexcept {
  for (const auto& one : flags) {
    if (!(options.*one.option)) continue;
    auto asked = about(options, target);
    asked.flags = one.flag;
    if (ask(asked) != answer::no) continue;
    asked.flags = 0;
    if (ask(asked) != answer::yes) continue;
    return diagnosis{errc::not_supported,
                     cause::missing_feature,
                     text{"this kernel has no {} ({}), which came with Linux {}.{}", one.word, one.kernel_name,
                          one.since.major, one.since.minor},
                     {}};
  }
  return std::nullopt;
}

std::optional<diagnosis> too_long(const program_options& options, const resolved_target& target) noexcept {
  const auto count = options.instructions.count();
  if (ask(about(options, target)) == answer::no) return std::nullopt;
  const auto most = kernel::running_version() < long_programs_since ? std::size_t{4096} : most_instructions;
  if (count <= most) return std::nullopt;
  return diagnosis{
      errc::limit, cause::too_many, text{"the program has {} instructions; this kernel takes {}", count, most}, {}};
}

// The descriptors that are given with the program.
std::optional<diagnosis> unfit_objects(const program_options& options) noexcept {
  using kind = load_target::kind;
  const auto unfit_btf = [](fd_ref object, std::string_view whose) -> std::optional<diagnosis> {
    switch (kernel::kind_of(object.get())) {
      case kernel::object_kind::btf:
      case kernel::object_kind::unknown:
        return std::nullopt;
      case kernel::object_kind::closed:
        return diagnosis{errc::bad_handle,
                         cause::closed_descriptor,
                         text{"the descriptor {} of {} BTF is closed", object.get(), whose},
                         {}};
      default:
        return diagnosis{errc::wrong_type,
                         cause::bad_option,
                         text{"the descriptor of {} BTF is not that of a BTF object", whose},
                         {}};
    }
  };
  if (options.btf) {
    if (auto wrong = unfit_btf(options.btf, "the program's")) return wrong;
  }
  const auto how = options.target.how();
  if (how == kind::by_id_in_program || how == kind::by_name_in_program) {
    auto wrong = explain::unfit_program(options.target.holder(), {}, "target program");
    if (wrong && wrong->why != cause::wrong_program_type) return wrong;
  }
  if (how == kind::by_id_in_btf) {
    if (auto wrong = unfit_btf(options.target.holder(), "the target's")) return wrong;
    const auto info = btf::info_of(options.target.holder());
    if (info && !info->of_kernel) {
      return diagnosis{errc::wrong_type, cause::bad_option,
                       text{"the target's BTF is that of a program, not of a module"},
                       text{"use load_target::id_in_program()"}};
    }
  }
  return std::nullopt;
}

// Only targets that the kernel has a list of; the verifier speaks about the rest.
std::optional<diagnosis> no_target(const program_options& options) noexcept {
  if (options.type != program_type::tracing || options.expected_attach_type != attach_type::trace_iter)
    return std::nullopt;
  auto other = options;
  other.target = load_target::name("bpf_prog");
  const auto known = resolve(other);
  if (!known || ask(about(other, *known)) != answer::yes) return std::nullopt;
  return diagnosis{errc::not_found,
                   cause::no_such_name,
                   options.target.name().empty()
                       ? text{"the type with the id {} is no iterator target", options.target.type()}
                       : text{"'{}' is a name in the kernel's BTF, but no iterator target", options.target.name()},
                   {}};
}

diagnosis reason(const program_options& options, const resolved_target& target, kernel::failure failed,
                 const log& words) noexcept {
  switch (failed.number) {
    case EAGAIN:
      return {errc::system, cause::unknown, text{"signals interrupted the verifier again and again"},
              text{"block them while loading"}};
    case ENOMEM:
      return diagnose(failed);
    default:
      break;
  }
  if (words.explains()) {
    return {errc::rejected, cause::verifier, text{"the verifier refused it"},
            text{"its last words: {}", words.last_words()}};
  }
  switch (failed.number) {
    case EPERM:
      if (auto why = unfit_objects(options)) return *why;
      if (auto why = not_permitted(about(options, target))) return *why;
      break;
    case EBADF:
    case EINVAL:
    case E2BIG:
    case kernel::error_notsupp:
      if (auto why = unfit_objects(options)) return *why;
      if (auto why = unknown_type(options.type)) return *why;
      if (auto why = no_target(options)) return *why;
      if (auto why = unfit_expected_attach_type(options, target)) return *why;
      if (auto why = unknown_flag(options, target)) return *why;
      if (auto why = too_long(options, target)) return *why;
      break;
    default:
      break;
  }
  return diagnose(failed);
}

}  // namespace

attempt attempted(const program_options& options) noexcept {
  attempt what;
  if (facts_of(options.type) != nullptr) {
    what.action.add("load {} program", to_string(options.type));
  } else {
    what.action.add("load program of type {}", static_cast<std::uint32_t>(options.type));
  }
  if (!options.name.empty()) what.action.add(" '{}'", options.name);
  const auto& target = options.target;
  if (target.how() == load_target::kind::none) return what;
  const auto rule = rule_for(options.type, options.expected_attach_type);
  what.joint = "for";
  if (target.name().empty()) {
    what.target.add("the {} with BTF id {}", rule ? rule->word : "target", target.type());
  } else {
    what.target.add("{} '{}'", rule ? rule->word : "target", target.name());
  }
  if (!target.module().empty()) what.target.add(" of module '{}'", target.module());
  return what;
}

bpf_error explain(const program_options& options, const resolved_target& target, kernel::failure failed,
                  const log& words) noexcept {
  return make_error(attempted(options), failed, reason(options, target, failed, words), nullptr, words.whole());
}

}  // namespace bpflink::loading
