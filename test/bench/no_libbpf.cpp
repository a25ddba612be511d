// SPDX-License-Identifier: MIT
#include "side.hpp"

// Where there was no libbpf to compare with.
namespace bpflink::bench {

std::string libbpf_version() { return {}; }

side libbpf_side(operation, stage&) { return {}; }

}  // namespace bpflink::bench
