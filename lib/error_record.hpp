// SPDX-License-Identifier: MIT
#pragma once

#include <string_view>

#include "bpflink/error.hpp"

namespace bpflink::detail {

// What an error says besides its values, and the failure before it.
struct error_pieces {
  std::string_view action;
  std::string_view joint;
  std::string_view target;
  std::string_view reason;
  std::string_view hint;
  std::string_view log;
  const bpf_error* first = nullptr;
};

struct error_access {
  [[nodiscard]] static bpf_error make(errc code, bpflink::operation call, bpflink::cause why, int number,
                                      const error_pieces& pieces) noexcept;
};

}  // namespace bpflink::detail
