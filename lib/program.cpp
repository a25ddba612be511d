// SPDX-License-Identifier: MIT
#include "bpflink/program.hpp"

#include <cerrno>
#include <cstddef>

#include "explain/capability.hpp"
#include "failure.hpp"
#include "kernel/bpf.hpp"
#include "pin.hpp"

namespace bpflink {

namespace {

constexpr bool covers(kernel::u32 length, std::size_t offset, std::size_t size) noexcept {
  return length >= offset + size;
}

program_info from_raw(const kernel::prog_info_raw& raw, kernel::u32 length) noexcept {
  using kernel::prog_info_raw;
  program_info info;
  info.type = static_cast<program_type>(raw.type);
  info.id = program_id{raw.id};
  info.name = bounded_string<16>{std::string_view{raw.name.data()}};
  info.tag = raw.tag;
  info.loaded_at = std::chrono::nanoseconds{raw.load_time};
  info.loaded_by_uid = raw.created_by_uid;
  info.gpl_compatible = (raw.flags & 1U) != 0;
  if (raw.btf_id != 0) info.btf = btf_id{raw.btf_id};
  if (covers(length, offsetof(prog_info_raw, run_cnt), sizeof raw.run_cnt)) {
    info.run_time = std::chrono::nanoseconds{raw.run_time_ns};
    info.run_count = raw.run_cnt;
  }
  if (covers(length, offsetof(prog_info_raw, recursion_misses), sizeof raw.recursion_misses)) {
    info.recursion_misses = raw.recursion_misses;
  }
  if (covers(length, offsetof(prog_info_raw, attach_btf_id), sizeof raw.attach_btf_id)) {
    info.attach_target_object = raw.attach_btf_obj_id;
    info.attach_target_type = raw.attach_btf_id;
  }
  return info;
}

expected<program_info> info_of(fd_ref descriptor) noexcept {
  const attempt what{text{"ask for information on program"}, {}, {}};
  if (!descriptor) return tl::unexpected(refuse_empty(what, "program"));
  kernel::prog_info_raw raw{};
  const auto length = kernel::obj_get_info(descriptor.get(), &raw, sizeof raw);
  if (!length) {
    auto why = diagnose(length.error());
    if (const auto wrong = pins::not_of_kind(descriptor, kernel::object_kind::program)) why = *wrong;
    return tl::unexpected(make_error(what, length.error(), why));
  }
  // Maps, links and BTF answer the same call, with less.
  if (!covers(*length, offsetof(kernel::prog_info_raw, run_cnt), sizeof raw.run_cnt)) {
    if (const auto wrong = pins::not_of_kind(descriptor, kernel::object_kind::program)) {
      return tl::unexpected(refuse(what, *wrong));
    }
  }
  return from_raw(raw, *length);
}

}  // namespace

expected<program> program::open_pinned(zstring_view path) noexcept {
  auto opened = pins::open({"program"}, path, kernel::object_kind::program);
  if (!opened) return tl::unexpected(std::move(opened).error());
  return program{*std::move(opened)};
}

expected<program> program::from_id(program_id id) noexcept {
  auto opened = kernel::prog_get_fd_by_id(id.value());
  if (opened) return program{*std::move(opened)};
  auto why = diagnose(opened.error());
  if (opened.error().number == ENOENT) {
    why = {errc::not_found, cause::no_such_id, text{"no program has this id"}, {}};
  } else if (opened.error().number == EPERM) {
    if (auto missing = explain::missing_capability({kernel::capability::sys_admin})) why = *missing;
  }
  return tl::unexpected(make_error({text{"open program"}, "with", text{"id {}", id.value()}}, opened.error(), why));
}

expected<program> program::adopt(unique_fd descriptor) noexcept {
  const attempt what{text{"adopt program"}, {}, {}};
  if (!descriptor) return tl::unexpected(refuse_empty(what, "descriptor"));
  if (const auto wrong = pins::not_of_kind(descriptor, kernel::object_kind::program)) {
    return tl::unexpected(refuse(what, *wrong));
  }
  auto safe = kernel::above_standard_streams(std::move(descriptor));
  if (!safe) return tl::unexpected(make_error(what, safe.error()));
  return program{*std::move(safe)};
}

expected<program_info> program::info() const noexcept { return info_of(fd_); }

expected<void> program::pin(zstring_view path) const noexcept {
  if (!fd_) return tl::unexpected(refuse_empty({text{"pin program"}, {}, {}}, "program"));
  const auto pinned = kernel::obj_pin(fd_.get(), path.c_str());
  if (!pinned) return tl::unexpected(pins::explain_pin({"program"}, path, pinned.error()));
  return {};
}

expected<program> program::duplicate() const noexcept {
  auto second = fd_.duplicate();
  if (!second) return tl::unexpected(std::move(second).error());
  return program{*std::move(second)};
}

expected<program_info> program_ref::info() const noexcept { return info_of(fd_); }

}  // namespace bpflink
