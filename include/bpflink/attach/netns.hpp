// SPDX-License-Identifier: MIT
#pragma once

#include <cstdint>
#include <optional>
#include <string_view>

#include "bpflink/detail/export.hpp"
#include "bpflink/error.hpp"
#include "bpflink/fd.hpp"
#include "bpflink/ids.hpp"
#include "bpflink/link.hpp"
#include "bpflink/program.hpp"
#include "bpflink/required.hpp"
#include "bpflink/zstring_view.hpp"

namespace bpflink {

/// Where in a network namespace a program runs, with the kernel's values (enum bpf_attach_type).
enum class netns_hook : std::uint32_t {
  flow_dissector = 17,  ///< Taking packets' headers apart: flow_dissector programs, one in a namespace, since Linux
                        ///< 4.20. BPF_FLOW_DISSECTOR.
  sk_lookup = 36,       ///< Choosing the socket for a new connection or a datagram: sk_lookup programs, up to 64 in a
                        ///< namespace, since Linux 5.9. BPF_SK_LOOKUP.
};

/// The enumerator's name: "sk_lookup".
[[nodiscard]] BPFLINK_API std::string_view to_string(netns_hook hook) noexcept;

/// A network namespace: the calling thread's, that of a process, or one by the path or a descriptor of its file.
class netns_target {
 public:
  /// The namespace that the calling thread is in.
  [[nodiscard]] static netns_target current() noexcept { return {}; }
  /// The namespace of a process, or thread: /proc/PID/ns/net.
  netns_target(process_id process) noexcept : process_{process} {}
  /// By the path of its file: "/run/netns/blue"; it is opened for the length of the call.
  netns_target(const char* path) noexcept : netns_target{zstring_view{path}} {}
  /// By path.
  netns_target(zstring_view path) noexcept : path_{path} {}
  /// By path, in a string class.
  template <class String>
  requires requires(const String& string) { zstring_view{string.c_str()}; }
  netns_target(const String& path) noexcept : netns_target{zstring_view{path}} {}
  /// By a descriptor of its file, borrowed for the length of the call.
  netns_target(fd_ref file) noexcept : file_{file} {}
  /// By a descriptor of its file.
  netns_target(const unique_fd& file) noexcept : file_{fd_ref{file}} {}
  netns_target(unique_fd&&) = delete;
  netns_target(const unique_fd&&) = delete;

  /// The path; nothing where it is named otherwise.
  [[nodiscard]] const std::optional<zstring_view>& path() const noexcept { return path_; }
  /// The descriptor; nothing where it is named otherwise.
  [[nodiscard]] const std::optional<fd_ref>& file() const noexcept { return file_; }
  /// The process; nothing where it is named otherwise.
  [[nodiscard]] const std::optional<process_id>& process() const noexcept { return process_; }

 private:
  netns_target() noexcept = default;

  std::optional<zstring_view> path_;
  std::optional<fd_ref> file_;
  std::optional<process_id> process_;
};

/// What to attach to a network namespace.
struct netns_options {
  netns_target netns = netns_target::current();  ///< The namespace.
  required<netns_hook> hook;                     ///< Required. Where in it.
  program_ref program;                           ///< Required. Of the type that the hook takes.
  /// Whether BPF_PROG_ATTACH may serve where this kernel has no links to network namespaces.
  mechanism_choice mechanism = mechanism_choice::best;
};

/// Owns a program's attachment to a network namespace. The namespace can end under it: then update() answers defunct.
using netns_link = typed_link<link_type::netns>;

/// Attaches a program to a network namespace.
///
/// Mechanisms, the best that this kernel has: a link (flow dissector: Linux 5.8, sk_lookup: 5.9); else, for a flow
/// dissector in the calling thread's own namespace, BPF_PROG_ATTACH. That leaves the program attached where this
/// process dies; closing detaches exactly ours, in the namespace where it is, also from a thread in another one.
/// Entering that needs CAP_SYS_ADMIN and happens on a thread of the library's.
///
/// @errors bad_handle: the program's or namespace's descriptor is empty or closed. wrong_type: the program's type is
///         not the hook's. invalid_argument: the target is no network namespace. not_found: no such path or process.
///         limit: a flow dissector is attached by a link already (the text names it), or 64 sk_lookup programs are.
///         busy: a flow dissector is attached without a link, or in the initial namespace, which then allows none in
///         the others. already_exists: without a link, the same flow dissector is attached already.
///         permission_denied: the process's namespace may not be looked at (CAP_SYS_PTRACE); before Linux 5.19 also
///         CAP_BPF, before 5.8 CAP_NET_ADMIN. not_supported: this kernel lacks the hook, or links where the mechanism
///         or the target needs one.
/// @since Linux 4.20 (flow dissector), 5.9 (sk_lookup); a link since 5.8
/// @kernel BPF_LINK_CREATE, BPF_PROG_ATTACH (kernel/bpf/net_namespace.c)
[[nodiscard]] BPFLINK_API expected<netns_link> attach(const netns_options& options) noexcept;

}  // namespace bpflink
