// SPDX-License-Identifier: MIT
#include "explain/program.hpp"

#include <algorithm>
#include <cerrno>

#include "bpflink/features.hpp"
#include "kernel/bpf.hpp"
#include "kernel/files.hpp"

namespace bpflink::explain {

namespace {

bool accepted_at(program_ref program, attach_type where) noexcept {
  return refusal_without_target(program, where) == EBADF;
}

text list(std::span<const program_type> types) noexcept {
  text words;
  for (std::size_t index = 0; index < types.size(); ++index) {
    words.add("{}{}", index == 0 ? "" : index + 1 == types.size() ? " or " : ", ", to_string(types[index]));
  }
  return words;
}

text describe(const expected<program_info>& info) noexcept {
  if (!info) return text{"the program"};
  if (info->name.empty()) return text{"program with id {}", info->id.value()};
  return text{"program '{}' (id {})", info->name.view(), info->id.value()};
}

}  // namespace

text describe_program(program_ref program) noexcept { return describe(program.info()); }

text describe_program(program_id id) noexcept {
  const auto opened = program::from_id(id);
  if (!opened) return text{"program with id {}", id.value()};
  return describe(opened->info());
}

std::optional<diagnosis> unfit_program(program_ref program, std::span<const program_type> accepted,
                                       std::string_view which) noexcept {
  switch (kernel::kind_of(program.fd().get())) {
    case kernel::object_kind::closed:
      return diagnosis{errc::bad_handle,
                       cause::closed_descriptor,
                       text{"the {}'s descriptor {} is closed", which, program.fd().get()},
                       {}};
    case kernel::object_kind::link:
      return diagnosis{
          errc::wrong_type, cause::not_a_program, text{"the {}'s descriptor is that of a link", which}, {}};
    case kernel::object_kind::map:
      return diagnosis{errc::wrong_type, cause::not_a_program, text{"the {}'s descriptor is that of a map", which}, {}};
    case kernel::object_kind::btf:
    case kernel::object_kind::other:
      return diagnosis{
          errc::wrong_type, cause::not_a_program, text{"the {}'s descriptor is not that of a program", which}, {}};
    case kernel::object_kind::program:
    case kernel::object_kind::unknown:
      break;
  }
  const auto info = program.info();
  if (!info || std::find(accepted.begin(), accepted.end(), info->type) != accepted.end()) return std::nullopt;
  return diagnosis{
      errc::wrong_type,
      cause::wrong_program_type,
      text{"{} is of type {}, this hook takes {}", describe(info).view(), to_string(info->type), list(accepted).view()},
      {}};
}

int refusal_without_target(program_ref program, attach_type where) noexcept {
  const auto program_number = kernel::descriptor(program.fd().get());
  const auto never_open = kernel::descriptor(-1);
  const auto number = static_cast<kernel::u32>(where);
  const auto linked = kernel::link_create(
      kernel::link_create_attr{.prog_fd = program_number, .target = never_open, .attach_type = number});
  if (linked) return 0;
  if (linked.error().number != EINVAL) return linked.error().number;
  // A kernel without links, or a misfit; the older call knows both apart.
  const auto attached =
      kernel::prog_attach({.target = never_open, .attach_bpf_fd = program_number, .attach_type = number});
  return attached ? 0 : attached.error().number;
}

std::optional<diagnosis> unfit_attach_type(program_ref program, attach_type wanted,
                                           std::span<const attach_type> alternatives) noexcept {
  // Any other answer than this says nothing about the program.
  if (refusal_without_target(program, wanted) != EINVAL) return std::nullopt;
  const auto loaded_for = std::find_if(alternatives.begin(), alternatives.end(), [&](attach_type where) {
    return where != wanted && accepted_at(program, where);
  });
  // Where the program fits nowhere the attach type may simply be unknown here: nothing was established.
  if (loaded_for == alternatives.end()) return std::nullopt;
  return diagnosis{errc::wrong_type, cause::wrong_expected_attach_type,
                   text{"{} was loaded for {}, not for {}", describe_program(program).view(), to_string(*loaded_for),
                        to_string(wanted)},
                   text{"load it with the expected attach type {}", to_string(wanted)}};
}

}  // namespace bpflink::explain
