// SPDX-License-Identifier: MIT
#pragma once

#include <cstdint>

#include "bpflink/bounded_string.hpp"
#include "bpflink/fd.hpp"
#include "kernel/memory.hpp"
#include "kernel/result.hpp"

// Where BTF is to be had.
namespace bpflink::btf {

// The kernel's own, from /sys/kernel/btf/vmlinux.
[[nodiscard]] kernel::result<kernel::memory> of_kernel() noexcept;

// What the kernel says of a BTF object.
struct object_info {
  std::uint32_t id = 0;
  std::uint32_t size = 0;
  bool of_kernel = false;   // the kernel's own or a module's, not a program's
  bounded_string<64> name;  // "vmlinux", or the module's
};
[[nodiscard]] kernel::result<object_info> info_of(fd_ref object) noexcept;
// The bytes of a BTF object.
[[nodiscard]] kernel::result<kernel::memory> of_object(fd_ref object) noexcept;
// The BTF object that a program was loaded with; operation::none where it was with none.
[[nodiscard]] kernel::result<unique_fd> object_of_program(fd_ref program) noexcept;

// A loaded module's BTF.
struct module_object {
  unique_fd object;
  object_info info;
};
// The one after this id, 0 for the first. ENOENT at the end; EPERM without CAP_SYS_ADMIN.
[[nodiscard]] kernel::result<module_object> next_module(std::uint32_t after) noexcept;

}  // namespace bpflink::btf
