// SPDX-License-Identifier: MIT
#pragma once

#include <optional>

#include "bpflink/attach/iterator.hpp"
#include "failure.hpp"
#include "kernel/abi_info.hpp"
#include "kernel/result.hpp"

namespace bpflink::explain {

// Why the kernel made no iterator; `cgroup` is the directory where one was given.
[[nodiscard]] diagnosis refused_iterator(const iterator_options& options, fd_ref cgroup,
                                         kernel::failure failed) noexcept;

// The kernel made one, but `told` of it shows that it disregards the parameters given; `target` is the target's name,
// empty where the kernel does not tell it.
[[nodiscard]] std::optional<diagnosis> disregarded(const iterator_options& options, std::string_view target,
                                                   const kernel::link_info_raw& told) noexcept;

// Why no run was begun of the link with this descriptor.
[[nodiscard]] diagnosis refused_run(fd_ref link, kernel::failure failed) noexcept;

}  // namespace bpflink::explain
