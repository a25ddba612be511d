// SPDX-License-Identifier: MIT
#pragma once

#include <cstdint>
#include <string_view>

#include "bpflink/features.hpp"

namespace bpflink::kernel {

// The running kernel's version by uname(2); 0.0 where it cannot be read. Distributions carry features back, so this
// words an explanation and decides nothing that can be asked otherwise.
[[nodiscard]] kernel_version running_version() noexcept;

// LINUX_VERSION_CODE, which kernels before 5.0 want to see with kprobe programs. Debian's and Ubuntu's kernels show
// another version in uname's release than they were built with.
[[nodiscard]] std::uint32_t version_code() noexcept;

// The same from uname's release ("4.19.0-27-amd64") and version ("#1 SMP Debian 4.19.316-1 (...)"), and from the text
// of /proc/version_signature ("Ubuntu 4.15.0-213.224-generic 4.15.18"), which only Ubuntu has; 0 where there is none.
[[nodiscard]] std::uint32_t version_code_in(std::string_view release, std::string_view version,
                                            std::string_view signature) noexcept;

}  // namespace bpflink::kernel
