// SPDX-License-Identifier: MIT
// What XDP's refusals say, to the letter.
#include <cerrno>
#include <string>

#include "errors.hpp"
#include "support/netns_fixture.hpp"
#include "support/privileges.hpp"
#include "xdp_helpers.hpp"

namespace bpflink {

namespace {

constexpr ifindex lo = 1;

test::fd load_for(std::uint32_t attach_type, const std::string& name) {
  return test::load({.type = test::prog_type::xdp,
                     .code = test::return_value(xdp_pass),
                     .expected_attach_type = attach_type,
                     .name = name});
}

}  // namespace

TEST_CASE("errors: xdp, the program", "[errors]") {
  SKIP_IF(test::needs_root());
  SKIP_IF(test::needs_kernel(5, 9, "XDP links"));
  test::netns_fixture().run([] {
    const error_table table;
    const auto attach_to_lo = [](program_ref program) { return attach({.interface = lo, .program = program}); };
    const std::string to_lo = "attach xdp to interface N (lo): ";
    table.row(attach_to_lo(fd_ref{}),
              {errc::bad_handle, cause::empty_handle, 0, to_lo + "the program handle is empty"});
    table.row(attach_to_lo(fd_ref{9999}), {errc::bad_handle, cause::closed_descriptor, EBADF,
                                           to_lo + "the program's descriptor N is closed (BPF_LINK_CREATE: EBADF)"});
    const auto map = test::counter_map();
    table.row(attach_to_lo(borrow(map)),
              {errc::wrong_type, cause::not_a_program, EINVAL,
               to_lo + "the program's descriptor is that of a map (BPF_LINK_CREATE: EINVAL)"});
    const auto filter = test::load({.type = test::prog_type::socket_filter, .name = "filter"});
    table.row(attach_to_lo(borrow(filter)),
              {errc::wrong_type, cause::wrong_program_type, EINVAL,
               to_lo + "program 'filter' (id N) is of type socket_filter, this hook takes xdp (BPF_LINK_CREATE: "
                       "EINVAL)"});
    const auto devices = load_for(test::attach_type::xdp_devmap, "devices");
    table.row(attach_to_lo(borrow(devices)),
              {errc::wrong_type, cause::wrong_expected_attach_type, EINVAL,
               to_lo + "program 'devices' (id N) was loaded for xdp_devmap: it runs in the entries of a device map "
                       "only; load it with the expected attach type xdp, or with none (BPF_LINK_CREATE: EINVAL)"});
    const auto cpus = load_for(test::attach_type::xdp_cpumap, "cpus");
    table.row(
        attach_to_lo(borrow(cpus)),
        {errc::wrong_type, cause::wrong_expected_attach_type, EINVAL,
         to_lo + "program 'cpus' (id N) was loaded for xdp_cpumap: it runs in the entries of a CPU map only; load "
                 "it with the expected attach type xdp, or with none (BPF_LINK_CREATE: EINVAL)"});
  });
}

TEST_CASE("errors: xdp, the place", "[errors]") {
  SKIP_IF(test::needs_veth());
  SKIP_IF(test::needs_kernel(5, 9, "XDP links"));
  test::netns_fixture().run([] {
    const error_table table;
    test::create_veth("left", "right");
    const auto right = index_of("right");
    const auto holder = load_xdp(xdp_pass, "holder");
    const auto late = load_xdp(xdp_pass, "late");
    table.row(
        attach({.interface = index_of(9999), .program = borrow(late)}),
        {errc::not_found, cause::no_such_interface, EINVAL,
         "attach xdp to interface N: no interface of this network namespace has the index 9999; an index belongs to "
         "a network namespace: name the interface's (BPF_LINK_CREATE: EINVAL)"});
    table.row(
        query({.interface = index_of(9999)}),
        {errc::not_found, cause::no_such_interface, ENODEV,
         "query xdp of interface N: no interface of this network namespace has the index 9999; an index belongs to "
         "a network namespace: name the interface's (RTM_GETLINK: ENODEV)"});
    table.row(attach({.interface = lo, .program = borrow(late), .mode = xdp_mode::native}),
              {errc::not_supported, cause::driver, EOPNOTSUPP,
               "attach xdp to interface N (lo) in native mode: the interface's driver has no XDP in native mode; "
               "generic mode works on every interface (BPF_LINK_CREATE: EOPNOTSUPP)"});
    table.row(attach({.interface = right, .program = borrow(late), .mode = xdp_mode::offload}),
              {errc::invalid_argument, cause::bad_option, EINVAL,
               "attach xdp to interface N (right) in offload mode: program 'late' (id N) was not loaded for a device, "
               "and offload takes no other (BPF_LINK_CREATE: EINVAL)"});

    auto link = attach({.interface = right, .program = borrow(holder), .mode = xdp_mode::native});
    REQUIRE(sentence(link) == "");
    table.row(attach({.interface = right, .program = borrow(late)}),
              {errc::busy, cause::slot_taken, EBUSY,
               "attach xdp to interface N (right): program 'holder' (id N) is attached there in native mode, held by "
               "the link with id N; update or detach that link (BPF_LINK_CREATE: EBUSY)"});
    table.row(attach({.interface = right, .program = borrow(late), .mode = xdp_mode::generic}),
              {errc::busy, cause::slot_taken, EEXIST,
               "attach xdp to interface N (right) in generic mode: program 'holder' (id N) is attached there in native "
               "mode, held by the link with id N; generic and native programs exclude each other; update or detach "
               "that link (BPF_LINK_CREATE: EEXIST)"});
    table.row(link->update(borrow(late), borrow(late)),
              {errc::conflict, cause::other_program, EPERM,
               "update xdp link with id N: program 'holder' (id N) is attached, not the expected program 'late' (id N) "
               "(BPF_LINK_UPDATE: EPERM)"});
    const auto devices = load_for(test::attach_type::xdp_devmap, "devices");
    table.row(link->update(borrow(devices)),
              {errc::wrong_type, cause::wrong_expected_attach_type, EINVAL,
               "update xdp link with id N: program 'devices' (id N) is of the right type, but was loaded for another "
               "attach type than the link's (BPF_LINK_UPDATE: EINVAL)"});
    test::delete_interface("left");
    table.row(link->update(borrow(late)),
              {errc::defunct, cause::target_gone, ENOLINK,
               "update xdp link with id N: the link's target is gone, or the link was detached; attach anew "
               "(BPF_LINK_UPDATE: ENOLINK)"});
    CHECK(sentence(link->detach()) == "");
  });
}

}  // namespace bpflink
