// SPDX-License-Identifier: MIT
#pragma once

#include <optional>

#include "bpflink/fd.hpp"
#include "bpflink/ids.hpp"
#include "bpflink/kinds.hpp"
#include "bpflink/program.hpp"
#include "failure.hpp"
#include "kernel/abi.hpp"

namespace bpflink::explain {

// The descriptor is of no map, or of one that is neither a sockmap nor a sockhash.
[[nodiscard]] std::optional<diagnosis> unfit_sockmap(fd_ref map) noexcept;
// The two verdicts on packets exclude each other: the other one is attached.
[[nodiscard]] std::optional<diagnosis> taken_by_twin(fd_ref map, attach_type where) noexcept;
// A program is there, and the one to be attached was not to take its place.
[[nodiscard]] diagnosis would_evict(fd_ref map, attach_type where, program_id there, program_ref program) noexcept;

}  // namespace bpflink::explain
