// SPDX-License-Identifier: MIT
#pragma once

#include "bpflink/error.hpp"
#include "bpflink/fd.hpp"
#include "bpflink/zstring_view.hpp"
#include "failure.hpp"
#include "kernel/files.hpp"

// Pins of any object. `what` names it in errors: "cgroup link", "program".
namespace bpflink::pins {

[[nodiscard]] bpf_error explain_pin(std::string_view what, zstring_view path, kernel::failure failed) noexcept;
[[nodiscard]] bpf_error explain_open(std::string_view what, zstring_view path, kernel::failure failed) noexcept;
[[nodiscard]] expected<void> move(fd_ref object, std::string_view what, zstring_view from, zstring_view to) noexcept;
[[nodiscard]] expected<void> remove(std::string_view what, zstring_view path) noexcept;

// Opens a pin and checks that it is of the kind: link or program.
[[nodiscard]] expected<unique_fd> open(std::string_view what, zstring_view path, kernel::object_kind kind) noexcept;

// What is wrong with a descriptor that should be of the kind; nothing where it is right.
[[nodiscard]] std::optional<diagnosis> not_of_kind(fd_ref descriptor, kernel::object_kind kind) noexcept;

}  // namespace bpflink::pins
