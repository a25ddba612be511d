// SPDX-License-Identifier: MIT
#include "attached.hpp"

#include <algorithm>
#include <cerrno>
#include <cstddef>

#include "kernel/bpf.hpp"
#include "kernel/files.hpp"

namespace bpflink {

bool attached_programs::has(kernel::u32 program) const noexcept {
  const auto all = programs();
  return std::find(all.begin(), all.end(), program) != all.end();
}

kernel::result<attached_programs> query_attached(kernel::u32 target, attach_type where, bool with_links) noexcept {
  attached_programs found;
  kernel::prog_query_attr attr{};
  attr.target = target;
  attr.attach_type = static_cast<kernel::u32>(where);
  attr.prog_ids = kernel::pointer(found.program_ids.data());
  attr.count = attached_programs::most;
  if (with_links) attr.link_ids = kernel::pointer(found.link_ids.data());
  if (const auto told = kernel::prog_query(attr); !told) return tl::unexpected(told.error());
  found.count = std::min<std::size_t>(attr.count, attached_programs::most);
  found.flags = attr.attach_flags;
  found.revision = attr.revision;
  return found;
}

kernel::result<kernel::u32> ask_id_of_program(int program) noexcept {
  kernel::prog_info_raw raw{};
  const auto length = kernel::obj_get_info(program, &raw, sizeof raw);
  if (!length) return tl::unexpected(length.error());
  // Maps, links and BTF answer the same call, with less.
  const auto kind =
      *length > offsetof(kernel::prog_info_raw, run_cnt) ? kernel::object_kind::program : kernel::kind_of(program);
  if (kind != kernel::object_kind::program && kind != kernel::object_kind::unknown) {
    return tl::unexpected(kernel::failure{operation::none, EINVAL});
  }
  return raw.id;
}

std::optional<kernel::u32> id_of_program(int program) noexcept {
  const auto id = ask_id_of_program(program);
  return id ? std::optional{*id} : std::nullopt;
}

}  // namespace bpflink
