// SPDX-License-Identifier: MIT
#pragma once

#include <string_view>

#include "bpflink/detail/attachment.hpp"
#include "bpflink/error.hpp"
#include "bpflink/map.hpp"
#include "bpflink/program.hpp"
#include "failure.hpp"
#include "kernel/result.hpp"

// Why an operation on a link failed. Called after the failure: here a system call more does not matter.
namespace bpflink::explain {

// "update cgroup link" "with id 17".
[[nodiscard]] attempt on_link(const detail::attachment& held, std::string_view verb) noexcept;

[[nodiscard]] bpf_error update(const detail::attachment& held, program_ref next, const program_ref* expected_old,
                               kernel::failure failed) noexcept;
[[nodiscard]] bpf_error detach(const detail::attachment& held, kernel::failure failed) noexcept;
[[nodiscard]] bpf_error close(link_type type, kernel::failure failed) noexcept;
// The same for a link of a map.
[[nodiscard]] bpf_error update_map(const detail::attachment& held, map_ref next, const map_ref* expected_old,
                                   kernel::failure failed) noexcept;
// An attachment without a link was detached by its handle.
[[nodiscard]] diagnosis detached() noexcept;
// ... or by somebody else.
[[nodiscard]] diagnosis detached_by_others() noexcept;

// Without a system call: the handle, or the program's or map's, is empty, or the kind has no such operation.
[[nodiscard]] bpf_error cannot_update(const detail::attachment& held, program_ref next) noexcept;
[[nodiscard]] bpf_error cannot_update(const detail::attachment& held, map_ref next) noexcept;
[[nodiscard]] bpf_error cannot(const detail::attachment& held, std::string_view verb) noexcept;

}  // namespace bpflink::explain
