// SPDX-License-Identifier: MIT
#include "explain/socket.hpp"

#include <array>
#include <cerrno>
#include <span>

#include "explain/program.hpp"
#include "kernel/files.hpp"
#include "kernel/netns.hpp"
#include "kernel/socket.hpp"

namespace bpflink::explain {

namespace {

using kernel::socket_option;

constexpr std::array filter_programs{program_type::socket_filter};
constexpr std::array reuseport_programs{program_type::socket_filter, program_type::sk_reuseport};

std::span<const program_type> programs_of(socket_hook hook) noexcept {
  if (hook == socket_hook::filter) return filter_programs;
  return reuseport_programs;
}

std::optional<diagnosis> locked(fd_ref socket) noexcept {
  if (kernel::number_option(socket.get(), socket_option::lock_filter).value_or(0) == 0) return std::nullopt;
  return diagnosis{errc::permission_denied, cause::locked, text{"the socket's filter was locked (SO_LOCK_FILTER)"}, {}};
}

// The kernel looks at the program before.
std::optional<diagnosis> not_sharing(fd_ref socket) noexcept {
  const auto shares = kernel::number_option(socket.get(), socket_option::reuse_port);
  if (!shares) return std::nullopt;
  return diagnosis{
      errc::invalid_argument, cause::not_a_socket,
      *shares == 0 ? text{"the socket has no SO_REUSEPORT"} : text{"the socket was bound before it had SO_REUSEPORT"},
      text{"set SO_REUSEPORT before bind(2)"}};
}

}  // namespace

std::optional<diagnosis> unfit_socket(fd_ref socket) noexcept {
  if (kernel::is_closed(socket.get())) {
    return diagnosis{
        errc::bad_handle, cause::closed_descriptor, text{"the socket's descriptor {} is closed", socket.get()}, {}};
  }
  const auto status = kernel::status_of(socket.get());
  if (kernel::only_names_file(socket.get()) || (status && status->filesystem != kernel::filesystem_sockets)) {
    return diagnosis{errc::wrong_type, cause::not_a_socket, text{"the target is no socket"}, {}};
  }
  return std::nullopt;
}

diagnosis socket_attach(socket_hook hook, fd_ref socket, program_ref program, kernel::failure failed) noexcept {
  switch (failed.number) {
    case EBADF:
      if (auto wrong = unfit_socket(socket)) return *wrong;
      if (auto wrong = unfit_program(program, programs_of(hook))) return *wrong;
      break;
    case EINVAL:
      if (auto wrong = unfit_program(program, programs_of(hook))) return *wrong;
      if (auto alone = hook == socket_hook::reuseport ? not_sharing(socket) : std::nullopt) return *alone;
      break;
    case ENOTSOCK:
      return {errc::wrong_type, cause::not_a_socket, text{"the target is no socket"}, {}};
    case EPERM:
      if (auto why = locked(socket)) return *why;
      break;
    case ENOMEM: {
      auto why = diagnose(failed);
      why.hint.add("the sysctl net.core.optmem_max limits what one socket may have");
      return why;
    }
    case kernel::error_notsupp:
      if (hook == socket_hook::reuseport) {
        return {errc::not_supported,
                cause::not_a_socket,
                text{"programs of type sk_reuseport choose among TCP and UDP sockets only"},
                {}};
      }
      break;
    default:
      break;
  }
  return diagnose(failed);
}

diagnosis socket_detach(socket_hook hook, fd_ref socket, kernel::failure failed) noexcept {
  if (failed.call == operation::none) {
    return {errc::conflict, cause::other_program, text{"a classic filter has taken the program's place"}, {}};
  }
  if (failed.call != operation::set_socket_option) return diagnose(failed);
  switch (failed.number) {
    case ENOENT:
      return {errc::not_found, cause::not_attached, text{"somebody else had detached the program already"}, {}};
    case EPERM:
      if (auto why = locked(socket)) return *why;
      break;
    case EINVAL:
      if (hook == socket_hook::reuseport && kernel::number_option(socket.get(), socket_option::reuse_port) == 0) {
        return {errc::not_found, cause::not_attached, text{"the socket shares its port with none any more"}, {}};
      }
      break;
    case ENOPROTOOPT:
      return {errc::not_supported, cause::missing_feature,
              text{"this kernel takes no program away from sockets that share a port, as Linux does since 5.3"},
              text{"the program goes with the last of the sockets"}};
    default:
      break;
  }
  return diagnose(failed);
}

}  // namespace bpflink::explain
