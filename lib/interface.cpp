// SPDX-License-Identifier: MIT
#include "kernel/interface.hpp"

#include <cerrno>

#include "bpflink/ids.hpp"
#include "failure.hpp"

namespace bpflink {

expected<ifindex> ifindex::from_name(zstring_view name) noexcept {
  const attempt what{text{"find interface"}, {}, text{"'{}'", name.view()}};
  if (name.empty() || name.view().size() > kernel::longest_interface_name) {
    return tl::unexpected(refuse(what, {errc::invalid_argument,
                                        cause::bad_option,
                                        text{"an interface's name has 1 to {} bytes", kernel::longest_interface_name},
                                        {}}));
  }
  const auto found = kernel::interface_index(name.c_str());
  if (found) return ifindex{*found, runtime{}};
  auto why = diagnose(found.error());
  if (found.error().number == ENODEV) {
    why = {errc::not_found, cause::no_such_interface, text{"no interface here has this name"}, {}};
  }
  return tl::unexpected(make_error(what, found.error(), why));
}

}  // namespace bpflink
