// SPDX-License-Identifier: MIT
#include "explain/iterator.hpp"

#include <array>
#include <cerrno>

#include "explain/cgroup.hpp"
#include "explain/feature.hpp"
#include "explain/iterator_target.hpp"
#include "explain/map.hpp"
#include "explain/program.hpp"
#include "fdinfo.hpp"
#include "kernel/bpf.hpp"
#include "kernel/files.hpp"
#include "link_kind.hpp"

namespace bpflink::explain {

namespace {

using kind = iterator_parameters::kind;

constexpr program_type accepted[] = {program_type::tracing};

diagnosis bad(const text& reason, const text& hint = {}) noexcept {
  return {errc::invalid_argument, cause::bad_option, reason, hint};
}

iterator_choice choice_made(const iterator_parameters& chosen) noexcept {
  switch (chosen.how()) {
    case kind::none:
      return iterator_choice::none;
    case kind::map:
      return iterator_choice::map;
    case kind::cgroup:
    case kind::cgroup_id:
      return iterator_choice::cgroup;
    case kind::thread:
    case kind::process:
    case kind::pidfd:
      return iterator_choice::task;
  }
  return iterator_choice::none;
}

std::string_view word_for(iterator_choice choice) noexcept {
  switch (choice) {
    case iterator_choice::map:
      return "a map";
    case iterator_choice::cgroup:
      return "a cgroup and an order";
    case iterator_choice::task:
      return "a thread or process";
    case iterator_choice::none:
      break;
  }
  return "nothing";
}

std::string_view function_for(iterator_choice choice) noexcept {
  return choice == iterator_choice::map ? "iterator_parameters::over_map()" : "iterator_parameters::over_cgroups()";
}

std::optional<diagnosis> unlike_target(const iterator_parameters& chosen, std::string_view target) noexcept {
  const auto wanted = choice_of(target);
  const auto made = choice_made(chosen);
  if (!wanted || *wanted == made) return std::nullopt;
  if (*wanted == iterator_choice::none) {
    return bad(text{"iterators over {} take no parameters, and {} is given", target, word_for(made)});
  }
  if (made != iterator_choice::none) {
    return bad(text{"iterators over {} take {}, and {} is given", target, word_for(*wanted), word_for(made)});
  }
  // Tasks need no choice.
  if (*wanted == iterator_choice::task) return std::nullopt;
  return bad(text{"iterators over {} take {}, and none is given", target, word_for(*wanted)},
             text{"set parameters with {}", function_for(*wanted)});
}

std::optional<diagnosis> unfit_map(fd_ref map, std::string_view target) noexcept {
  if (auto wrong = no_map(map)) return wrong;
  const auto told = told_of_map(map);
  if (!told || fits(target, told->type)) return std::nullopt;
  return diagnosis{errc::wrong_type,
                   cause::wrong_map_type,
                   text{"iterators over {} take {}; the map is of type {}", target, maps_of(target), told->type},
                   {}};
}

std::optional<diagnosis> unfit_process(fd_ref process) noexcept {
  const auto what = kernel::kind_of(process.get());
  if (what == kernel::object_kind::closed) {
    return diagnosis{
        errc::bad_handle, cause::closed_descriptor, text{"the process's descriptor {} is closed", process.get()}, {}};
  }
  std::array<char, 1024> buffer{};
  if (fdinfo_field(process, "Pid", buffer) || what == kernel::object_kind::unknown) return std::nullopt;
  return diagnosis{errc::wrong_type, cause::bad_option, text{"the process's descriptor is not that of a process"},
                   text{"pidfd_open(2) gives one"}};
}

std::optional<diagnosis> unfit_choice(const iterator_options& options, fd_ref cgroup, std::string_view target,
                                      kernel::failure failed) noexcept {
  switch (options.parameters.how()) {
    case kind::map:
      if (auto wrong = unfit_map(options.parameters.descriptor(), target)) return wrong;
      if (failed.number != EACCES) break;
      return diagnosis{errc::wrong_type,
                       cause::wrong_map_type,
                       text{"the program reads or writes more of an element than the map's keys and values have"},
                       {}};
    case kind::cgroup:
      return unfit_cgroup(cgroup);
    case kind::cgroup_id:
      if (failed.number != ENOENT) break;
      return diagnosis{errc::not_found, cause::no_such_id, text{"no cgroup has this id"}, {}};
    case kind::pidfd:
      return unfit_process(options.parameters.descriptor());
    default:
      break;
  }
  return std::nullopt;
}

std::optional<diagnosis> missing_choice(const iterator_parameters& chosen) noexcept {
  switch (choice_made(chosen)) {
    case iterator_choice::cgroup:
      return missing_feature(feature::iterator_cgroup);
    case iterator_choice::task:
      return missing_feature(feature::iterator_task_parameters);
    default:
      return std::nullopt;
  }
}

diagnosis not_an_iterator(program_ref program, std::string_view attaches_to) noexcept {
  return {errc::wrong_type, cause::wrong_expected_attach_type,
          text{"{} was loaded to trace '{}', not for trace_iter", describe_program(program).view(), attaches_to},
          text{"load it with the expected attach type trace_iter, and a target such as load_target::name(\"task\")"}};
}

}  // namespace

diagnosis refused_iterator(const iterator_options& options, fd_ref cgroup, kernel::failure failed) noexcept {
  switch (failed.number) {
    case EBADF:
    case EINVAL:
    case ENOENT:
    case E2BIG:
    case EACCES:
      break;
    default:
      return diagnose(failed);
  }
  if (auto wrong = unfit_program(options.program, accepted)) return *wrong;
  const auto target = target_of(options.program);
  if (target && !target->iterator) return not_an_iterator(options.program, target->name.view());
  const auto name = target ? target->name.view() : std::string_view{};
  if (auto wrong = unlike_target(options.parameters, name)) return *wrong;
  if (auto wrong = unfit_choice(options, cgroup, name, failed)) return *wrong;
  if (auto missing = missing_choice(options.parameters)) return *missing;
  if (auto missing = missing_feature(feature::iterator)) return *missing;
  return by_feature(failed, feature::iterator);
}

std::optional<diagnosis> disregarded(const iterator_options& options, std::string_view target,
                                     const kernel::link_info_raw& told) noexcept {
  const auto& chosen = options.parameters;
  if (auto wrong = unlike_target(chosen, target)) return wrong;
  // All kernels with these parameters tell of them. Only a thread comes first among them, where older kernels expect a
  // map that other targets have no use for.
  if (chosen.how() == kind::thread && told.iterator_task.tid != chosen.number()) {
    if (target.empty() || choice_of(target) == iterator_choice::task) return lacking(feature::iterator_task_parameters);
  }
  return std::nullopt;
}

diagnosis refused_run(fd_ref link, kernel::failure failed) noexcept {
  if (failed.number != EBADF && failed.number != EINVAL) return diagnose(failed);
  switch (kernel::kind_of(link.get())) {
    case kernel::object_kind::closed:
      return {errc::bad_handle, cause::closed_descriptor, text{"the link's descriptor {} is closed", link.get()}, {}};
    case kernel::object_kind::link:
    case kernel::object_kind::unknown:
      break;
    default:
      return {errc::wrong_type, cause::not_a_link, text{"the descriptor is not that of a link"}, {}};
  }
  if (auto missing = missing_feature(feature::iterator)) return *missing;
  if (const auto found = kind_of_link(link); found && *found != link_type::iterator) {
    return {errc::wrong_type,
            cause::wrong_link_type,
            text{"it is a {} link, and only iterators can be read", to_string(*found)},
            {}};
  }
  return by_feature(failed, feature::iterator);
}

}  // namespace bpflink::explain
