// SPDX-License-Identifier: MIT
#pragma once

#include <string>
#include <vector>

#include "support/instructions.hpp"

namespace bpflink::bench {

/// A program of an object file: its section says to libbpf what it is for.
struct object_program {
  std::string section;
  std::string name;
  test::instructions code;
};

/// An ELF object with these programs and the GPL's name, as clang would write it and libbpf reads it. Where there are
/// constants, libbpf makes a map of them.
std::string object_image(const std::vector<object_program>& programs, const std::string& constants = {});

}  // namespace bpflink::bench
