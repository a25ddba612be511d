// SPDX-License-Identifier: MIT
#pragma once

#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "bpflink/error.hpp"
#include "helpers.hpp"
#include "support/catch.hpp"

namespace bpflink {

/// What an error has to say, to the letter. In its line ids and descriptors read N, and the fixtures' paths have names.
struct told {
  errc code;
  bpflink::cause why;
  int number;  ///< errno; 0 where no system call was made.
  std::string line;
};

/// Compares errors with what they have to say.
class error_table {
 public:
  /// This text, such as a fixture's path, reads `name` from now on.
  void call(const std::string& text, const std::string& name) { names_.emplace_back(text, name); }

  template <class T>
  void row(const expected<T>& result, const told& expected_words) const {
    INFO(expected_words.line);
    REQUIRE_FALSE(result);
    check(result.error(), expected_words);
  }
  void check(const bpf_error& error, const told& expected_words) const {
    CHECK(plain(error.message()) == expected_words.line);
    CHECK(to_string(error.code()) == to_string(expected_words.code));
    CHECK(to_string(error.cause()) == to_string(expected_words.why));
    CHECK(error.sys_errno() == expected_words.number);
    CHECK((error.operation() == operation::none) == (expected_words.number == 0));
  }

  /// The line without what differs from run to run.
  [[nodiscard]] std::string plain(std::string line) const;

 private:
  std::vector<std::pair<std::string, std::string>> names_;
};

}  // namespace bpflink
