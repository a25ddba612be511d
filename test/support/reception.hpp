// SPDX-License-Identifier: MIT
#pragma once

#include <functional>

#include "traffic.hpp"

namespace bpflink::test {

/// Has f send, and returns once all of it has been received, or dropped on its way: what has not arrived then does not
/// arrive any more. For lo, and pairs of veth or netkit without a program in native mode: frames for such a one the
/// driver takes up by itself. `interfaces`: at how many it comes in on its way, which is one unless it is forwarded.
void until_received(const std::function<void()>& f, unsigned interfaces = 1);

/// Whether a datagram over lo arrives; throws where it cannot be sent.
bool lo_passes(family f = family::ipv4);
inline bool lo_loses(family f = family::ipv4) { return !lo_passes(f); }

}  // namespace bpflink::test
