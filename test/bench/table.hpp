// SPDX-License-Identifier: MIT
#pragma once

#include <string>
#include <vector>

#include "row.hpp"

namespace bpflink::bench {

/// Where the figures come from: kernel, processor, compiler, libbpf.
std::string machine();

/// The table for a terminal, and for docs/benchmarks.md.
std::string as_text(const std::vector<row>& rows);
std::string as_page(const std::vector<row>& rows);

/// What of the exact figures is not as promised, one sentence a line; empty where all is.
std::string broken_promises(const std::vector<row>& rows, bool instructions_too);

}  // namespace bpflink::bench
