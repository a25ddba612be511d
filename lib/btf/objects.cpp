// SPDX-License-Identifier: MIT
#include "btf/objects.hpp"

#include <array>
#include <cerrno>

#include "kernel/bpf.hpp"

namespace bpflink::btf {

kernel::result<kernel::memory> of_kernel() noexcept { return kernel::memory::of_file("/sys/kernel/btf/vmlinux"); }

kernel::result<object_info> info_of(fd_ref object) noexcept {
  std::array<char, 64> name{};
  kernel::btf_info_raw raw{.name = kernel::pointer(name.data()), .name_len = static_cast<kernel::u32>(name.size())};
  const auto told = kernel::obj_get_info(object.get(), &raw, sizeof raw);
  if (!told) return tl::unexpected(told.error());
  return object_info{.id = raw.id,
                     .size = raw.btf_size,
                     .of_kernel = raw.kernel_btf != 0,
                     .name = bounded_string<64>{std::string_view{name.data()}}};
}

kernel::result<kernel::memory> of_object(fd_ref object) noexcept {
  const auto info = info_of(object);
  if (!info) return tl::unexpected(info.error());
  if (info->size == 0) return tl::unexpected(kernel::failure{operation::obj_get_info_by_fd, ENODATA});
  auto room = kernel::memory::of_size(info->size);
  if (!room) return tl::unexpected(kernel::failure{operation::obj_get_info_by_fd, ENOMEM});
  kernel::btf_info_raw raw{.btf = kernel::pointer(room->bytes().data()), .btf_size = info->size};
  const auto filled = kernel::obj_get_info(object.get(), &raw, sizeof raw);
  if (!filled) return tl::unexpected(filled.error());
  return *std::move(room);
}

kernel::result<unique_fd> object_of_program(fd_ref program) noexcept {
  kernel::prog_info_raw raw{};
  const auto told = kernel::obj_get_info(program.get(), &raw, sizeof raw);
  if (!told) return tl::unexpected(told.error());
  if (raw.btf_id == 0) return tl::unexpected(kernel::failure{operation::none, ENOENT});
  return kernel::btf_get_fd_by_id(raw.btf_id);
}

kernel::result<module_object> next_module(std::uint32_t after) noexcept {
  for (;;) {
    const auto id = kernel::btf_get_next_id(after);
    if (!id) return tl::unexpected(id.error());
    after = *id;
    auto object = kernel::btf_get_fd_by_id(after);
    if (!object) {
      // It went away between the two calls.
      if (object.error().number == ENOENT) continue;
      return tl::unexpected(object.error());
    }
    const auto info = info_of(*object);
    if (!info) return tl::unexpected(info.error());
    if (info->of_kernel && info->name != std::string_view{"vmlinux"}) return module_object{*std::move(object), *info};
  }
}

}  // namespace bpflink::btf
