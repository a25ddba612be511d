// SPDX-License-Identifier: MIT
#pragma once

#include <functional>
#include <string>

#include "child.hpp"

namespace bpflink::test {

/// Runs f in a forked child with mounts of its own: nothing that it mounts is seen outside, and all is gone with it.
child_result in_mount_namespace(const std::function<void()>& f, unsigned seconds = 60);

// For use in there:

/// Lays an empty, writable directory (a tmpfs) over this one: /sys/kernel/btf, /sys/kernel/tracing,
/// /sys/bus/event_source/devices, ...
void hide(const std::string& directory);
/// Mounts a file system such as "bpf" or "tracefs" there.
void mount_at(const std::string& type, const std::string& directory);
/// Shows the first, file or directory, in the place of the second.
void bind_over(const std::string& source, const std::string& target);

}  // namespace bpflink::test
