// SPDX-License-Identifier: MIT
#include "explain/struct_ops_value.hpp"

#include <cstdint>
#include <cstring>
#include <string_view>

#include "btf/objects.hpp"
#include "btf/reader.hpp"
#include "explain/program.hpp"
#include "kernel/bpf.hpp"

namespace bpflink::explain {

namespace {

constexpr program_type only_type[] = {program_type::struct_ops};

// The table that the program was loaded for, by its id in the kernel's BTF; 0 where the kernel does not tell
// (before 6.0).
kernel::u32 table_of_program(program_ref program) noexcept {
  kernel::prog_info_raw raw{};
  if (!kernel::obj_get_info(program.fd().get(), &raw, sizeof raw)) return 0;
  return raw.attach_btf_id;
}

std::optional<diagnosis> unfit_function(program_ref program, const btf::view& types, kernel::u32 table) noexcept {
  if (auto wrong = unfit_program(program, only_type)) return wrong;
  const auto own = table_of_program(program);
  if (own == 0 || own == table) return std::nullopt;
  const auto theirs = types.at(own);
  const auto ours = types.at(table);
  if (!theirs || !ours) return std::nullopt;
  return diagnosis{errc::wrong_type,
                   cause::wrong_expected_attach_type,
                   text{"{} was loaded for {}, not for {}", describe_program(program).view(), types.name_of(*theirs),
                        types.name_of(*ours)},
                   {}};
}

}  // namespace

std::optional<diagnosis> unfit_struct_ops_member(std::span<const std::byte> value, kernel::u32 type) noexcept {
  kernel::struct_ops_value_head head{};
  if (value.size() < sizeof head) return std::nullopt;
  std::memcpy(&head, value.data(), sizeof head);
  if (head.refcnt != 0 || head.state != 0) {
    return diagnosis{
        errc::invalid_argument, cause::bad_option, text{"'common', where the kernel counts, has to be zero"}, {}};
  }
  const auto data = btf::of_kernel();
  const auto types = data ? btf::view::of(data->bytes()) : std::nullopt;
  const auto table = types ? types->find_member(type, "data") : std::nullopt;
  if (!table) return std::nullopt;

  std::optional<diagnosis> found;
  types->each_member(table->type, [&](const btf::member& one) {
    std::uint64_t number = 0;
    const auto at = std::size_t{table->offset} + one.offset;
    if (at > value.size() || value.size() - at < sizeof number) return false;
    std::memcpy(&number, value.data() + at, sizeof number);
    if (number == 0 || !types->is_function_pointer(one.type)) return true;
    found = unfit_function(fd_ref{static_cast<int>(number)}, *types, table->type);
    if (!found) return true;
    found->reason = text{"in '{}': {}", one.name, found->reason.view()};
    return false;
  });
  return found;
}

}  // namespace bpflink::explain
