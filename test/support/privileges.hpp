// SPDX-License-Identifier: MIT
#pragma once

#include <string>

namespace bpflink::test {

/// Whether the calling thread has this capability (CAP_... of linux/capability.h) in its effective set.
bool has_capability(int capability);

/// For SKIP_IF: empty where this process may load and attach programs of every type, else the reason.
std::string needs_root();

/// RLIMIT_MEMLOCK as high as may be: before 5.11 maps and programs are charged to it.
void raise_memory_lock();

/// Something that a fixture made could not be taken away again: says so on stderr and fails the run, also where there
/// is no assertion to fail, as in a destructor.
void report_residue(const std::string& what);
/// How often that happened in this process.
unsigned residues();

}  // namespace bpflink::test
