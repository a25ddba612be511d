// SPDX-License-Identifier: MIT
#pragma once

#include <functional>

namespace bpflink::test {

/// Has f send, and returns once all of it that comes over lo, or out of the other end of a pair of interfaces, has been
/// received, or dropped on its way: so that what has not arrived then does not arrive any more.
void until_received(const std::function<void()>& f);

}  // namespace bpflink::test
