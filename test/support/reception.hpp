// SPDX-License-Identifier: MIT
#pragma once

#include <functional>

#include "traffic.hpp"

namespace bpflink::test {

/// Has f send, and returns once all of it has been received, or dropped on its way: what has not arrived then does not
/// arrive any more. On its way it comes in at so many interfaces, one of them where it is not forwarded: lo, and an end
/// of a pair of veth or netkit, unless a program there runs in the driver.
void until_received(const std::function<void()>& f, unsigned interfaces = 1);

/// Whether a datagram over lo arrives; throws where it cannot be sent.
bool lo_passes(family f = family::ipv4);
inline bool lo_loses(family f = family::ipv4) { return !lo_passes(f); }

}  // namespace bpflink::test
