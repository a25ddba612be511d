// SPDX-License-Identifier: MIT
#include <fmt/format.h>
#include <sys/utsname.h>
#include <unistd.h>

#include <fstream>
#include <string>

#include "libbpf.hpp"
#include "table.hpp"

namespace bpflink::bench {

namespace {

std::string processor() {
  std::ifstream file{"/proc/cpuinfo"};
  for (std::string line; std::getline(file, line);) {
    if (line.starts_with("model name")) return line.substr(line.find(':') + 2);
  }
  return "unknown processor";
}

#ifdef __clang__
constexpr const char* compiler = "clang " __clang_version__;
#else
constexpr const char* compiler = "gcc " __VERSION__;
#endif

}  // namespace

std::string machine() {
  utsname kernel{};
  ::uname(&kernel);
  const auto beside = libbpf::version();
  return fmt::format("Linux {} on {} x {}; {}; {}", kernel.release, ::sysconf(_SC_NPROCESSORS_ONLN), processor(),
                     compiler, beside.empty() ? "without libbpf" : beside);
}

}  // namespace bpflink::bench
