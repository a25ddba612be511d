// SPDX-License-Identifier: MIT
#include "errors.hpp"

#include <cctype>

namespace bpflink {

std::string error_table::plain(std::string line) const {
  for (const auto& [text, name] : names_) {
    for (auto at = line.find(text); at != std::string::npos; at = line.find(text, at + name.size())) {
      line.replace(at, text.size(), name);
    }
  }
  for (const std::string word : {"id ", "descriptor ", "interface "}) {
    for (auto at = line.find(word); at != std::string::npos; at = line.find(word, at + word.size())) {
      const auto first = at + word.size();
      auto last = first;
      while (last < line.size() && std::isdigit(static_cast<unsigned char>(line[last])) != 0) ++last;
      if (last != first) line.replace(first, last - first, "N");
    }
  }
  return line;
}

}  // namespace bpflink
