// SPDX-License-Identifier: MIT
#include "bpflink/fd.hpp"

#include "failure.hpp"
#include "kernel/files.hpp"

namespace bpflink {

void unique_fd::close_quietly(int raw) noexcept { kernel::close_unheard(raw); }

expected<void> unique_fd::close() noexcept {
  const attempt what{text{"close descriptor"}, {}, {}};
  if (fd_ == none) return tl::unexpected(refuse_empty(what, "descriptor"));
  if (const auto closed = kernel::close(std::move(*this)); !closed) {
    return tl::unexpected(make_error(what, closed.error()));
  }
  return {};
}

expected<unique_fd> unique_fd::duplicate() const noexcept {
  const attempt what{text{"duplicate descriptor"}, {}, {}};
  if (fd_ == none) return tl::unexpected(refuse_empty(what, "descriptor"));
  auto second = kernel::duplicate(fd_);
  if (!second) return tl::unexpected(make_error(what, second.error()));
  return *std::move(second);
}

}  // namespace bpflink
