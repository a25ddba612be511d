// SPDX-License-Identifier: MIT
#include "bpflink/attach/socket.hpp"

#include <cerrno>
#include <optional>

#include "attachment.hpp"
#include "explain/link.hpp"
#include "explain/socket.hpp"
#include "failure.hpp"
#include "kernel/files.hpp"
#include "kernel/socket.hpp"

namespace bpflink {

namespace {

using detail::attachment;
using kernel::filter_kind;
using kernel::socket_option;

// What `variant` says.
enum : std::uint32_t { is_detached, is_attached };

constexpr std::string_view name_of(socket_hook hook) noexcept {
  return hook == socket_hook::filter ? "socket filter" : "reuseport selection";
}

constexpr socket_option attaching(socket_hook hook) noexcept {
  return hook == socket_hook::filter ? socket_option::attach_program : socket_option::attach_reuseport_program;
}

constexpr socket_option detaching(socket_hook hook) noexcept {
  return hook == socket_hook::filter ? socket_option::detach_filter : socket_option::detach_reuseport_program;
}

attempt on_held(socket_hook hook, std::string_view verb) noexcept {
  return {text{"{} {}", verb, name_of(hook)}, {}, {}};
}

// operation::none: a classic filter is there, which is not ours.
template <socket_hook Hook>
kernel::result<void> let_go(attachment& held) noexcept {
  if (held.variant == is_detached) return {};
  if constexpr (Hook == socket_hook::filter) {
    const auto there = kernel::filter_of(held.holder.get());
    if (!there) return tl::unexpected(there.error());
    if (*there == filter_kind::classic) return tl::unexpected(kernel::failure{operation::none, EEXIST});
  }
  return kernel::set_option(held.holder.get(), detaching(Hook), 0);
}

template <socket_hook Hook>
bpf_error not_detached(const attachment& held, std::string_view verb, kernel::failure failed) noexcept {
  const auto why = explain::socket_detach(Hook, held.holder, failed);
  const auto what = on_held(Hook, verb);
  return failed.call == operation::none ? refuse(what, why) : make_error(what, failed, why);
}

template <socket_hook Hook>
expected<void> detach(attachment& held) noexcept {
  if (const auto gone = let_go<Hook>(held); !gone) {
    return tl::unexpected(not_detached<Hook>(held, "detach", gone.error()));
  }
  held.variant = is_detached;
  return {};
}

diagnosis not_ours(filter_kind there) noexcept {
  if (there == filter_kind::classic) {
    return {errc::conflict, cause::other_program, text{"a classic filter has taken the program's place"}, {}};
  }
  return {errc::defunct, cause::detached, text{"somebody else had detached the program"}, text{"attach anew"}};
}

template <socket_hook Hook>
expected<void> update(attachment& held, program_ref next, const program_ref* expected_old) noexcept {
  const auto what = [] { return on_held(Hook, "update"); };
  if (expected_old != nullptr) {
    return tl::unexpected(refuse(what(), {errc::not_supported,
                                          cause::no_such_operation,
                                          text{"the kernel does not tell which program a socket has"},
                                          {}}));
  }
  if (held.variant == is_detached) return tl::unexpected(refuse(what(), explain::detached()));
  const auto failed = [&](kernel::failure why) {
    return tl::unexpected(make_error(what(), why, explain::socket_attach(Hook, held.holder, next, why)));
  };
  if constexpr (Hook == socket_hook::filter) {
    const auto there = kernel::filter_of(held.holder.get());
    if (!there) return failed(there.error());
    if (*there != filter_kind::program) return tl::unexpected(refuse(what(), not_ours(*there)));
  }
  const auto updated = kernel::set_option(held.holder.get(), attaching(Hook), next.fd().get());
  if (!updated) return failed(updated.error());
  return {};
}

template <socket_hook Hook>
constexpr detail::mechanism_operations operations{
    .name = [](const attachment&) noexcept { return mechanism::socket_option; },
    .held_by_descriptor = false,
    .may_be_link = false,
    .let_go = let_go<Hook>,
    .not_let_go = [](const attachment& held,
                     kernel::failure failed) noexcept { return not_detached<Hook>(held, "close", failed); },
    .update = update<Hook>,
    .detach = detach<Hook>,
};

attempt attempted(socket_hook hook, socket_ref socket) noexcept {
  attempt what{text{"attach {}", name_of(hook)}, "to", {}};
  if (socket.fd()) what.target.add("the socket with descriptor {}", socket.fd().get());
  return what;
}

[[gnu::cold, gnu::noinline]] bpf_error empty(socket_hook hook, socket_ref socket) noexcept {
  return refuse_empty(attempted(hook, socket), socket.fd() ? "program" : "socket");
}

[[gnu::cold, gnu::noinline]] bpf_error not_attached(socket_hook hook, socket_ref socket, program_ref program,
                                                    kernel::failure failed) noexcept {
  return make_error(attempted(hook, socket), failed, explain::socket_attach(hook, socket.fd(), program, failed));
}

[[gnu::cold, gnu::noinline]] bpf_error taken(socket_ref socket, filter_kind there) noexcept {
  return refuse(attempted(socket_hook::filter, socket),
                {errc::busy, cause::slot_taken,
                 there == filter_kind::classic ? text{"the socket has a classic filter"}
                                               : text{"the socket has a program, which the kernel does not name"},
                 text{"`replace` has the new one take its place"}});
}

// The descriptor first: after the attach nothing may fail any more.
template <socket_hook Hook>
expected<socket_attachment<Hook>> attach_to(unique_fd socket, socket_ref theirs, program_ref program) noexcept {
  const auto attached = kernel::set_option(socket.get(), attaching(Hook), program.fd().get());
  if (!attached) return tl::unexpected(not_attached(Hook, theirs, program, attached.error()));
  attachment held;
  held.operations = &operations<Hook>;
  held.holder = std::move(socket);
  held.variant = is_attached;
  return detail::link_access::make_as<socket_attachment<Hook>>(std::move(held));
}

}  // namespace

std::string_view to_string(socket_hook hook) noexcept {
  switch (hook) {
    case socket_hook::filter:
      return "filter";
    case socket_hook::reuseport:
      return "reuseport";
  }
  return "unknown";
}

expected<socket_filter> attach(const socket_filter_options& options) noexcept {
  constexpr auto hook = socket_hook::filter;
  const auto socket = options.socket;
  if (!socket.fd() || !options.program.fd()) return tl::unexpected(empty(hook, socket));
  auto owned = kernel::duplicate(socket.fd().get());
  if (!owned) return tl::unexpected(not_attached(hook, socket, options.program, owned.error()));
  if (!options.replace) {
    const auto there = kernel::filter_of(owned->get());
    if (!there) return tl::unexpected(not_attached(hook, socket, options.program, there.error()));
    if (*there != filter_kind::none) return tl::unexpected(taken(socket, *there));
  }
  return attach_to<hook>(*std::move(owned), socket, options.program);
}

expected<reuseport_selection> attach(const reuseport_options& options) noexcept {
  constexpr auto hook = socket_hook::reuseport;
  const auto socket = options.socket;
  if (!socket.fd() || !options.program.fd()) return tl::unexpected(empty(hook, socket));
  auto owned = kernel::duplicate(socket.fd().get());
  if (!owned) return tl::unexpected(not_attached(hook, socket, options.program, owned.error()));
  return attach_to<hook>(*std::move(owned), socket, options.program);
}

}  // namespace bpflink
