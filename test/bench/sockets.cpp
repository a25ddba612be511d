// SPDX-License-Identifier: MIT
#include <fcntl.h>
#include <sys/socket.h>
#include <unistd.h>

#include <utility>

#include "bpflink/bpflink.hpp"
#include "raw_calls.hpp"
#include "row.hpp"
#include "stage.hpp"
#include "support/kernel_version.hpp"
#include "support/raw_bpf.hpp"

// What asks before it attaches, and the programs of sockets, which no link holds. libbpf 1.1 has none of it.
namespace bpflink::bench {

namespace {

std::string needs_links() { return test::needs_kernel(5, 7, "bpf_link"); }

sides ask_and_attach_to_map(stage& on) {
  sides all;
  const auto map = on.socket_map();
  const int program = all.keep(test::load({.type = test::prog_type::sk_msg,
                                           .code = test::return_value(1),
                                           .expected_attach_type = test::attach_type::sk_msg_verdict}))
                          .get();
  all.raw = repeated([=] {
    std::uint32_t there = 0;
    if (done(raw::prog_query(map, test::attach_type::sk_msg_verdict, &there, 1), "asking who is there") != 0) {
      throw std::runtime_error("somebody is there");
    }
    done(::close(done(raw::link_create(program, map, test::attach_type::sk_msg_verdict), "attaching")), "closing");
  });
  all.ours = repeated([options = sockmap_options{.map = fd_ref{static_cast<int>(map)},
                                                 .hook = sockmap_hook::msg_verdict,
                                                 .program = fd_ref{program}}] { check(attach(options)); });
  return all;
}

int make_socket(sides& of) {
  return of.keep(test::fd{done(::socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0), "making a socket")}).get();
}

int load_filter(sides& of) { return of.keep(test::load({.code = test::return_value(-1)})).get(); }

void set(int socket, int option, int value) {
  done(::setsockopt(socket, SOL_SOCKET, option, &value, sizeof value), "setting an option");
}

/// Whether a socket has a filter. A program cannot be read, and the kernel says so.
bool has_filter(int socket) {
  socklen_t size = 0;
  if (::getsockopt(socket, SOL_SOCKET, SO_GET_FILTER, nullptr, &size) == 0) return size != 0;
  if (errno != EACCES) failed("asking for the filter");
  return true;
}

side attach_filter(int socket, int program) {
  return repeated([options = socket_filter_options{.socket = fd_ref{socket}, .program = fd_ref{program}}] {
    check(attach(options));
  });
}

sides filter(stage&) {
  sides all;
  const int socket = make_socket(all);
  const int program = load_filter(all);
  all.raw = repeated([=] {
    set(socket, SO_ATTACH_BPF, program);
    set(socket, SO_DETACH_BPF, 0);
  });
  all.ours = attach_filter(socket, program);
  return all;
}

sides filter_with_care(stage&) {
  sides all;
  const int socket = make_socket(all);
  const int program = load_filter(all);
  all.raw = repeated([=] {
    const int held = done(::fcntl(socket, F_DUPFD_CLOEXEC, 3), "holding the socket");
    if (has_filter(held)) throw std::runtime_error("somebody is there");
    set(held, SO_ATTACH_BPF, program);
    if (!has_filter(held)) throw std::runtime_error("nobody is there");
    set(held, SO_DETACH_BPF, 0);
    done(::close(held), "closing");
  });
  all.ours = attach_filter(socket, program);
  return all;
}

template <bool Careful>
sides update_filter(stage&) {
  sides all;
  const int socket = make_socket(all);
  auto& ours =
      all.keep(got(attach(socket_filter_options{.socket = fd_ref{socket}, .program = fd_ref{load_filter(all)}})));
  const int program = load_filter(all);
  all.raw = repeated([=] {
    if (Careful && !has_filter(socket)) throw std::runtime_error("nobody is there");
    set(socket, SO_ATTACH_BPF, program);
  });
  all.ours = repeated([program, &ours] { check(ours.update(program_ref{fd_ref{program}})); });
  return all;
}

int make_sharing_socket(sides& of) {
  const int socket = make_socket(of);
  set(socket, SO_REUSEPORT, 1);
  return socket;
}

template <bool Careful>
sides selection(stage&) {
  sides all;
  const int socket = make_sharing_socket(all);
  const int program = load_filter(all);
  all.raw = repeated([=] {
    const int held = Careful ? done(::fcntl(socket, F_DUPFD_CLOEXEC, 3), "holding the socket") : socket;
    set(held, SO_ATTACH_REUSEPORT_EBPF, program);
    set(held, SO_DETACH_REUSEPORT_BPF, 0);
    if (Careful) done(::close(held), "closing");
  });
  all.ours = repeated(
      [options = reuseport_options{.socket = fd_ref{socket}, .program = fd_ref{program}}] { check(attach(options)); });
  return all;
}

sides update_selection(stage&) {
  sides all;
  const int socket = make_sharing_socket(all);
  auto& ours = all.keep(got(attach(reuseport_options{.socket = fd_ref{socket}, .program = fd_ref{load_filter(all)}})));
  const int program = load_filter(all);
  all.raw = repeated([=] { set(socket, SO_ATTACH_REUSEPORT_EBPF, program); });
  all.ours = repeated([program, &ours] { check(ours.update(program_ref{fd_ref{program}})); });
  return all;
}

}  // namespace

void add_sockets(std::vector<row>& rows) {
  rows.push_back({"sockmap, asking first: attach, close", [] { return test::needs_kernel(6, 10, "sockmap links"); },
                  ask_and_attach_to_map, 0, 135});
  // As many calls in a row as three other rows have.
  rows.push_back({"socket filter, as careful: attach, close", needs_links, filter_with_care, 0, 140});
  // The handle holds the socket by a descriptor of its own, and asks before both whether a filter is there.
  rows.push_back({"socket filter: attach, close", needs_links, filter, 4, 250});
  rows.push_back({"socket filter, as careful: update", needs_links, update_filter<true>});
  // It asks whether a program is still there.
  rows.push_back({"socket filter: update", needs_links, update_filter<false>, 1, 120});
  const auto needs_end = [] { return test::needs_kernel(5, 3, "ending a selection"); };
  rows.push_back({"reuseport, as careful: attach, close", needs_end, selection<true>, 0, 140});
  // The handle holds this socket by a descriptor of its own, too.
  rows.push_back({"reuseport: attach, close", needs_end, selection<false>, 2, 200});
  rows.push_back({"reuseport: update", needs_end, update_selection});
}

}  // namespace bpflink::bench
