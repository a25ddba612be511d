// SPDX-License-Identifier: MIT
// Functions of this very program to attach to, and where they are in its file.
#pragma once

#include <cstdint>

namespace bpflink::test {

/// Each is a function of its own in the file, and calls `inside`, where that is not null.
int first_target(int value, void (*inside)());
int second_target(int value, void (*inside)());

/// A 16-bit counter in the file's data: how many uprobes with it there are in this process.
std::uint16_t semaphore();

/// Where in the file /proc/self/exe a function, or a variable, of this program is.
std::uint64_t offset_of(int (*target)(int, void (*)()));
std::uint64_t offset_of_semaphore();

/// Where in the file an instruction is that the kernel probes nowhere; 0 where none is known of this machine.
std::uint64_t unprobed_place();

}  // namespace bpflink::test
