// SPDX-License-Identifier: MIT
// What iterators and raw tracepoints say of a refusal, to the letter.
#include <fcntl.h>

#include <cerrno>
#include <string>

#include "bpflink/attach/raw_tracepoint.hpp"
#include "errors.hpp"
#include "iterator_programs.hpp"
#include "support/privileges.hpp"

namespace bpflink {

namespace {

using parameters = iterator_parameters;

expected<iterator_link> iterate(const test::fd& program, const parameters& over = {}) {
  return attach(iterator_options{.program = borrow(program), .parameters = over});
}
parameters over(const test::fd& map) { return parameters::over_map(fd_ref{map.get()}); }

test::fd load_traced(const std::string& name) {
  return test::load({.type = test::prog_type::tracing,
                     .expected_attach_type = test::attach_type::trace_raw_tp,
                     .name = name,
                     .attach_btf_id = test::vmlinux_btf::get().type_alias("btf_trace_sched_switch").value()});
}

}  // namespace

TEST_CASE("errors: iterator, the program", "[errors]") {
  SKIP_IF(test::needs_root());
  SKIP_IF(test::needs_kernel(6, 0, "targets that programs tell"));
  const error_table table;
  const auto refused = [&](const expected<iterator_link>& link, cause why, const std::string& words) {
    table.row(link, {errc::wrong_type, why, EINVAL, "attach iterator: " + words + " (BPF_LINK_CREATE: EINVAL)"});
  };
  const auto drop = test::load({.type = test::prog_type::xdp, .name = "drop"});
  const auto map = test::counter_map();
  const auto traces = load_traced("traces");
  refused(iterate(drop), cause::wrong_program_type, "program 'drop' (id N) is of type xdp, this hook takes tracing");
  refused(iterate(map), cause::not_a_program, "the program's descriptor is that of a map");
  refused(iterate(traces), cause::wrong_expected_attach_type,
          "program 'traces' (id N) was loaded to trace 'sched_switch', not for trace_iter; load it with the expected "
          "attach type trace_iter, and a target such as load_target::name(\"task\")");

  const auto tasks = load_iterator("task", test::return_value(0), "tasks");
  const auto programs = load_iterator("bpf_prog", test::return_value(0), "programs");
  auto link = iterate(tasks);
  REQUIRE(sentence(link) == "");
  table.row(link->update(borrow(programs)),
            {errc::wrong_type, cause::wrong_expected_attach_type, EINVAL,
             "update iterator link with id N: program 'programs' (id N) was not loaded for this iterator's target "
             "(BPF_LINK_UPDATE: EINVAL)"});
  table.row(link->update(borrow(tasks), borrow(programs)),
            {errc::conflict, cause::other_program, EPERM,
             "update iterator link with id N: program 'tasks' (id N) is attached, not the expected program 'programs' "
             "(id N) (BPF_LINK_UPDATE: EPERM)"});
}

TEST_CASE("errors: iterator, the parameters", "[errors]") {
  SKIP_IF(test::needs_root());
  SKIP_IF(test::needs_kernel(6, 1, "all parameters of iterators"));
  const error_table table;
  const auto map = test::counter_map();
  const auto tasks = load_iterator("task");
  const auto elements = load_iterator("bpf_map_elem");
  const auto cgroups = load_iterator("cgroup");
  const auto symbols = load_iterator("ksym");
  const auto bad = [&](const expected<iterator_link>& link, int number, const std::string& line) {
    table.row(link, {errc::invalid_argument, cause::bad_option, number, line});
  };
  bad(iterate(elements), EBADF,
      "attach iterator: iterators over bpf_map_elem take a map, and none is given; set parameters with "
      "iterator_parameters::over_map() (BPF_LINK_CREATE: EBADF)");
  bad(iterate(cgroups), EINVAL,
      "attach iterator: iterators over cgroup take a cgroup and an order, and none is given; set parameters with "
      "iterator_parameters::over_cgroups() (BPF_LINK_CREATE: EINVAL)");
  bad(iterate(elements, parameters::over_process(1)), EBADF,
      "attach iterator over process 1: iterators over bpf_map_elem take a map, and a thread or process is given "
      "(BPF_LINK_CREATE: EBADF)");
  // These the kernel takes, for something else or for nothing.
  bad(iterate(symbols, over(map)), 0,
      "attach iterator over map (descriptor N): iterators over ksym take no parameters, and a map is given");
  bad(iterate(tasks, over(map)), 0,
      "attach iterator over map (descriptor N): iterators over task take a thread or process, and a map is given");
}

TEST_CASE("errors: iterator, what it is to go over", "[errors]") {
  SKIP_IF(test::needs_root());
  SKIP_IF(test::needs_kernel(6, 1, "all parameters of iterators"));
  const error_table table;
  const auto tasks = load_iterator("task");
  const auto elements = load_iterator("bpf_map_elem");
  const auto cgroups = load_iterator("cgroup");
  const auto devices = test::create_map(test::map_type::devmap, 4, 4);
  const auto null = test::open_file("/dev/null", O_RDONLY);

  const std::string over_map = "attach iterator over map (descriptor N): ";
  const std::string bad_descriptor = " (BPF_LINK_CREATE: EBADF)";
  const std::string bad_value = " (BPF_LINK_CREATE: EINVAL)";
  table.row(iterate(elements, parameters::over_map(fd_ref{9999})),
            {errc::bad_handle, cause::closed_descriptor, EBADF,
             over_map + "the map's descriptor N is closed" + bad_descriptor});
  table.row(iterate(elements, over(elements)), {errc::wrong_type, cause::not_a_map, EINVAL,
                                                over_map + "the map's descriptor is not that of a map" + bad_value});
  table.row(iterate(elements, over(devices)),
            {errc::wrong_type, cause::wrong_map_type, EINVAL,
             over_map +
                 "iterators over bpf_map_elem take hash and array maps, also of the kinds lru and percpu; the map is "
                 "of type 14" +
                 bad_value});

  const std::string over_process = "attach iterator over process (descriptor N): the process's descriptor ";
  table.row(iterate(tasks, parameters::over_process(fd_ref{null.get()})),
            {errc::wrong_type, cause::bad_option, EBADF,
             over_process + "is not that of a process; pidfd_open(2) gives one" + bad_descriptor});
  table.row(iterate(tasks, parameters::over_process(fd_ref{9999})),
            {errc::bad_handle, cause::closed_descriptor, EBADF, over_process + "N is closed" + bad_descriptor});

  const auto from = [](int cgroup) { return parameters::over_cgroups(fd_ref{cgroup}, cgroup_order::self); };
  const std::string over_cgroups = "attach iterator over cgroups from descriptor N: ";
  table.row(iterate(cgroups, from(9999)), {errc::bad_handle, cause::closed_descriptor, EBADF,
                                           over_cgroups + "the cgroup's descriptor is closed" + bad_descriptor});
  table.row(iterate(cgroups, from(null.get())), {errc::invalid_argument, cause::not_a_cgroup, EBADF,
                                                 over_cgroups + "it is no cgroup v2 directory" + bad_descriptor});
  table.row(iterate(cgroups, parameters::over_cgroups_from_id(0x7fff'ffff'ffffU, cgroup_order::self)),
            {errc::not_found, cause::no_such_id, ENOENT,
             "attach iterator over cgroups from id N: no cgroup has this id (BPF_LINK_CREATE: ENOENT)"});
}

TEST_CASE("errors: raw tracepoint", "[errors]") {
  SKIP_IF(test::needs_root());
  const error_table table;
  const auto at = [](const char* name, program_ref program) {
    return attach(raw_tracepoint_options{.name = name, .program = program});
  };
  const auto refused = [&](program_ref program, errc code, cause why, int number, const std::string& words) {
    table.row(at("sched_switch", program), {code, why, number, "attach raw tracepoint to sched_switch: " + words});
  };
  const std::string takes =
      "this hook takes raw_tracepoint or raw_tracepoint_writable (BPF_RAW_TRACEPOINT_OPEN: EINVAL)";
  const auto plain = test::load({.type = test::prog_type::raw_tracepoint, .name = "plain"});
  const auto drop = test::load({.type = test::prog_type::xdp, .name = "drop"});
  const auto map = test::counter_map();
  refused(fd_ref{9999}, errc::bad_handle, cause::closed_descriptor, EBADF,
          "the program's descriptor N is closed (BPF_RAW_TRACEPOINT_OPEN: EBADF)");
  refused(fd_ref{map.get()}, errc::wrong_type, cause::not_a_program, EINVAL,
          "the program's descriptor is that of a map (BPF_RAW_TRACEPOINT_OPEN: EINVAL)");
  refused(borrow(drop), errc::wrong_type, cause::wrong_program_type, EINVAL,
          "program 'drop' (id N) is of type xdp, " + takes);
  table.row(at("bpflink_none", borrow(plain)),
            {errc::not_found, cause::no_such_name, ENOENT,
             "attach raw tracepoint to bpflink_none: no raw tracepoint has this name (BPF_RAW_TRACEPOINT_OPEN: "
             "ENOENT)"});
  SKIP_IF(test::needs_kernel(5, 5, "programs that name their tracepoint themselves"));
  SKIP_IF(test::needs_vmlinux_btf());
  const auto traces = load_traced("traces");
  refused(borrow(traces), errc::wrong_type, cause::wrong_program_type, EINVAL,
          "program 'traces' (id N) is of type tracing, " + takes);
}

}  // namespace bpflink
