// SPDX-License-Identifier: MIT
#include "refusals.hpp"

#include "support/raw_bpf.hpp"

namespace bpflink {

void check_error(const bpf_error& error, errc code, bpflink::cause why, int number, const std::string& words) {
  INFO(error.message());
  CHECK(error.sys_errno() == number);
  check_error(error, code, why, words);
}

void check_error(const bpf_error& error, errc code, bpflink::cause why, const std::string& words) {
  INFO(error.message());
  CHECK(to_string(error.code()) == to_string(code));
  CHECK(to_string(error.cause()) == to_string(why));
  CHECK_THAT(error.message(), test::contains(words));
}

std::string name_of(const test::fd& program) {
  const auto info = test::info_of_program(program.get());
  return "program '" + info.name + "' (id " + std::to_string(info.id) + ")";
}

}  // namespace bpflink
