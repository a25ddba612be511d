// SPDX-License-Identifier: MIT
#include <fcntl.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <string>
#include <vector>

#include "iterator_programs.hpp"
#include "support/catch.hpp"
#include "support/cgroup_fixture.hpp"
#include "support/child.hpp"
#include "support/fd.hpp"
#include "support/privileges.hpp"
#include "support/syscall_supervisor.hpp"

namespace bpflink {

namespace {

using test::contains;
using parameters = iterator_parameters;

expected<iterator_link> try_attach(const test::fd& program, const iterator_parameters& over = {}) {
  return attach(iterator_options{.program = borrow(program), .parameters = over});
}

void check(const expected<iterator_link>& refused, errc code, cause why, const std::string& words) {
  REQUIRE_FALSE(refused);
  CAPTURE(sentence(refused));
  CHECK(to_string(refused.error().code()) == to_string(code));
  CHECK(to_string(refused.error().cause()) == to_string(why));
  CHECK_THAT(sentence(refused), contains(words));
}

parameters over(const test::fd& map) { return parameters::over_map(fd_ref{map.get()}); }
parameters from(int cgroup, cgroup_order order = cgroup_order::self) {
  return parameters::over_cgroups(fd_ref{cgroup}, order);
}

// Where a program's target can be told: since 6.0.
bool target_is_told() { return test::at_least(6, 0); }

}  // namespace

TEST_CASE("iterator: what cannot be is refused without a system call", "[iterator]") {
  const test::fd program{::dup(0)};
  const auto refused = [&](const iterator_parameters& given, errc code, const std::string& words) {
    const auto link = try_attach(program, given);
    REQUIRE_FALSE(link);
    CHECK(link.error() == code);
    CHECK(link.error().operation() == operation::none);
    CHECK_THAT(sentence(link), contains(words));
  };
  CHECK(attach(iterator_options{.program = fd_ref{}}).error() == errc::bad_handle);
  refused(parameters::over_map({}), errc::bad_handle, "the map handle is empty");
  refused(parameters::over_process(fd_ref{}), errc::bad_handle, "the process handle is empty");
  refused(parameters::over_cgroups("", cgroup_order::self), errc::bad_handle, "the cgroup handle is empty");
  refused(parameters::over_cgroups_from_id(0, cgroup_order::self), errc::invalid_argument, "0 is no id of a cgroup");
  refused(from(0, cgroup_order{}), errc::invalid_argument, "0 is no order of cgroups");
  refused(from(0, cgroup_order{5}), errc::invalid_argument, "5 is no order of cgroups");
  refused(parameters::over_thread(0), errc::invalid_argument, "0 is no number of a process or thread");
  refused(parameters::over_process(0x8000'0000U), errc::invalid_argument,
          "attach iterator over process 2147483648: 2147483648 is no number of a process or thread");
}

TEST_CASE("iterator: the program is none, or not one of an iterator", "[iterator]") {
  SKIP_IF(test::needs_root());
  SKIP_IF(test::needs_kernel(5, 8, "iterators"));
  const auto xdp = test::load({.type = test::prog_type::xdp, .name = "drops"});
  check(try_attach(xdp), errc::wrong_type, cause::wrong_program_type,
        "attach iterator: program 'drops' (id " + std::to_string(test::program_id(xdp.get())) +
            ") is of type xdp, this hook takes tracing (BPF_LINK_CREATE: EINVAL)");
  const auto map = test::counter_map();
  check(try_attach(map), errc::wrong_type, cause::not_a_program, "the program's descriptor is that of a map");
  check(attach(iterator_options{.program = fd_ref{1023}}), errc::bad_handle, cause::closed_descriptor,
        "the program's descriptor 1023 is closed (BPF_LINK_CREATE: EBADF)");

  const auto traces =
      test::load({.type = test::prog_type::tracing,
                  .expected_attach_type = test::attach_type::trace_raw_tp,
                  .name = "traces",
                  .attach_btf_id = test::vmlinux_btf::get().type_alias("btf_trace_sched_switch").value()});
  const auto refused = try_attach(traces);
  CHECK_FALSE(refused);
  if (target_is_told()) {
    check(refused, errc::wrong_type, cause::wrong_expected_attach_type,
          "was loaded to trace 'sched_switch', not for trace_iter");
  }
}

TEST_CASE("iterator: parameters that the target has not, or needs", "[iterator]") {
  SKIP_IF(test::needs_root());
  SKIP_IF(test::needs_kernel(6, 1, "all parameters of iterators"));
  const auto map = filled_array(1);
  const auto tasks = load_iterator("task");
  const auto elements = load_iterator("bpf_map_elem");
  const auto cgroups = load_iterator("cgroup");
  const auto symbols = load_iterator("ksym");
  const auto bad = [](const expected<iterator_link>& link, const std::string& words) {
    check(link, errc::invalid_argument, cause::bad_option, words);
  };
  bad(try_attach(elements),
      "iterators over bpf_map_elem take a map, and none is given; set parameters with "
      "iterator_parameters::over_map()");
  bad(try_attach(cgroups),
      "iterators over cgroup take a cgroup and an order, and none is given; set parameters with "
      "iterator_parameters::over_cgroups()");
  bad(try_attach(symbols, over(map)), "iterators over ksym take no parameters, and a map is given");
  bad(try_attach(symbols, parameters::over_thread(1)),
      "iterators over ksym take no parameters, and a thread or process is given");
  bad(try_attach(tasks, over(map)), "iterators over task take a thread or process, and a map is given");
  bad(try_attach(tasks, parameters::over_cgroups_from_id(1, cgroup_order::self)),
      "iterators over task take a thread or process, and a cgroup and an order is given");
  bad(try_attach(elements, parameters::over_process(1)),
      "iterators over bpf_map_elem take a map, and a thread or process is given");
  bad(try_attach(cgroups, over(map)), "iterators over cgroup take a cgroup and an order, and a map is given");
  // What the kernel would take for a map's descriptor.
  bad(try_attach(elements, parameters::over_thread(static_cast<std::uint32_t>(map.get()))),
      "iterators over bpf_map_elem take a map, and a thread or process is given");
}

TEST_CASE("iterator: the map is none, or does not fit", "[iterator]") {
  SKIP_IF(test::needs_root());
  SKIP_IF(test::needs_kernel(5, 9, "iterators over map elements"));
  const auto elements = load_iterator("bpf_map_elem", test::write_elements());
  check(try_attach(elements, parameters::over_map(fd_ref{1023})), errc::bad_handle, cause::closed_descriptor,
        "attach iterator over map (descriptor 1023): the map's descriptor 1023 is closed (BPF_LINK_CREATE: EBADF)");
  check(try_attach(elements, over(elements)), errc::wrong_type, cause::not_a_map,
        "the map's descriptor is not that of a map");

  const auto small = test::create_map(test::map_type::array, 4, 4, 1);
  check(try_attach(elements, over(small)), errc::wrong_type, cause::wrong_map_type,
        "the program reads or writes more of an element than the map's keys and values have (BPF_LINK_CREATE: EACCES)");

  if (!target_is_told()) return;
  constexpr std::uint32_t ring_buffer = 27;
  const auto ring = test::create_map(ring_buffer, 0, 0, 4096);
  check(
      try_attach(elements, over(ring)), errc::wrong_type, cause::wrong_map_type,
      "iterators over bpf_map_elem take hash and array maps, also of the kinds lru and percpu; the map is of type 27");
  const auto sockets = load_iterator("sockmap");
  const auto array = filled_array(1);
  check(try_attach(sockets, over(array)), errc::wrong_type, cause::wrong_map_type,
        "iterators over sockmap take sockmap and sockhash maps; the map is of type 2");
}

TEST_CASE("iterator: the cgroup is none, unknown or gone", "[iterator]") {
  SKIP_IF(test::needs_root());
  SKIP_IF(test::needs_cgroup2());
  SKIP_IF(test::needs_kernel(6, 1, "iterators over cgroups"));
  const auto program = load_iterator("cgroup");
  const auto directory = test::open_file("/tmp", O_RDONLY | O_DIRECTORY);
  check(try_attach(program, from(directory.get())), errc::invalid_argument, cause::not_a_cgroup,
        "it is no cgroup v2 directory");
  check(try_attach(program, from(1023)), errc::bad_handle, cause::closed_descriptor,
        "attach iterator over cgroups from descriptor 1023: the cgroup's descriptor is closed");
  check(try_attach(program, parameters::over_cgroups("/no/such/cgroup", cgroup_order::self)), errc::not_found,
        cause::no_such_path, "attach iterator over cgroups from /no/such/cgroup: no such cgroup (open: ENOENT)");
  check(try_attach(program, parameters::over_cgroups("/proc/version", cgroup_order::self)), errc::invalid_argument,
        cause::not_a_cgroup, "it is no directory, and so no cgroup");
  check(try_attach(program, parameters::over_cgroups_from_id(0x7fff'ffff'ffffU, cgroup_order::self)), errc::not_found,
        cause::no_such_id, "attach iterator over cgroups from id 140737488355327: no cgroup has this id");
  test::cgroup_fixture cgroup;
  cgroup.remove();
  check(try_attach(program, from(cgroup.get())), errc::defunct, cause::target_gone, "the cgroup was removed");
  if (const auto old = test::cgroup1_directory(); !old.empty()) {
    const auto version1 = test::open_file(old, O_RDONLY | O_DIRECTORY);
    CHECK(sentence(try_attach(program, from(version1.get()))) == "");
  }
}

TEST_CASE("iterator: the process's descriptor is closed, or not one of a process", "[iterator]") {
  SKIP_IF(test::needs_root());
  SKIP_IF(test::needs_kernel(6, 1, "iterators over one process"));
  const auto program = load_iterator("task");
  check(try_attach(program, parameters::over_process(fd_ref{1023})), errc::bad_handle, cause::closed_descriptor,
        "attach iterator over process (descriptor 1023): the process's descriptor 1023 is closed");
  const auto null = test::open_file("/dev/null", O_RDONLY);
  check(try_attach(program, parameters::over_process(fd_ref{null.get()})), errc::wrong_type, cause::bad_option,
        "the process's descriptor is not that of a process; pidfd_open(2) gives one");
}

TEST_CASE("old iterator: a kernel before 6.1 has no parameters for tasks", "[.][iterator-old]") {
  const auto program = load_iterator("task");
  const auto map = filled_array(1);
  const auto elements = load_iterator("bpf_map_elem");
  const test::fd pidfd{::syscall(SYS_pidfd_open, ::getpid(), 0)};
  CHECK(test::in_child([&] {
          test::syscall_supervisor supervisor{{SYS_bpf}};
          // The kernel knows 4 bytes of parameters, which iterators over tasks do not look at.
          const auto handler = [](const test::observed_call& call) {
            constexpr std::size_t at_size = 24;
            if (call.command() != test::command::link_create || call.at(at_size) == 0) return test::verdict::proceed();
            const auto given =
                std::span{reinterpret_cast<const std::byte*>(call.at<std::uint64_t>(16)), call.at(at_size)};
            for (std::size_t index = 4; index < given.size(); ++index) {
              if (given[index] != std::byte{}) return test::verdict::fail(E2BIG);
            }
            if (given.size() == 4) return test::verdict::proceed();
            std::array<std::byte, 16> plain{};
            std::memcpy(plain.data(), call.bytes.data(), plain.size());
            const auto link = ::syscall(SYS_bpf, test::command::link_create, plain.data(), plain.size());
            return link < 0 ? test::verdict::fail(errno) : test::verdict::give(link);
          };
          supervisor.with_handler(handler, [&] {
            for (const auto& tasks : {parameters::over_thread(1), parameters::over_process(1),
                                      parameters::over_process(fd_ref{pidfd.get()})}) {
              const auto link = try_attach(program, tasks);
              test::expect(!link, "it was attached");
              test::expect_equal(std::string{to_string(link.error().code())}, "not_supported");
              test::expect(
                  sentence(link).find("this kernel has no iterators over one thread or process, which came with "
                                      "Linux 6.1") != std::string::npos,
                  sentence(link));
            }
            test::expect_equal(sentence(try_attach(program)), "");
            test::expect_equal(sentence(try_attach(elements, over(map))), "");
          });
        }).failure() == "");
}

}  // namespace bpflink
