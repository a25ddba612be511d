// SPDX-License-Identifier: MIT
#pragma once

#include <cstdint>

#include "bpflink/attach/cgroup.hpp"
#include "bpflink/detail/export.hpp"
#include "bpflink/error.hpp"
#include "bpflink/fd.hpp"
#include "bpflink/info.hpp"
#include "bpflink/iterator_reader.hpp"
#include "bpflink/link.hpp"
#include "bpflink/program.hpp"

namespace bpflink {

/// What an iterator goes over, where its target has a choice: the program's target is chosen when it is loaded
/// (load_target::name("task")), and what of it when it is attached.
class iterator_parameters {
 public:
  /// None: everything that the target has. Not for targets that go over one map or over cgroups, which need to be told.
  constexpr iterator_parameters() noexcept = default;

  /// The elements of one map, borrowed for the length of the call; the link keeps the map alive. For bpf_map_elem,
  /// bpf_sk_storage_map and sockmap.
  [[nodiscard]] static iterator_parameters over_map(fd_ref map) noexcept { return {kind::map, map, 0}; }
  /// Cgroups, beginning with this one, of version 2 or (by descriptor) 1. For cgroup, since Linux 6.1.
  [[nodiscard]] static iterator_parameters over_cgroups(cgroup_target start, cgroup_order order) noexcept {
    iterator_parameters result{kind::cgroup, start.directory(), 0};
    result.path_ = start.path();
    result.order_ = order;
    return result;
  }
  /// Cgroups, beginning with the one that has this id, which is the inode of its directory.
  [[nodiscard]] static iterator_parameters over_cgroups_from_id(std::uint64_t id, cgroup_order order) noexcept {
    iterator_parameters result{kind::cgroup_id, {}, id};
    result.order_ = order;
    return result;
  }
  /// One thread, by its number in the first PID namespace; one that is not there gives no rows. For task, task_file and
  /// task_vma, since Linux 6.1.
  [[nodiscard]] static iterator_parameters over_thread(std::uint32_t tid) noexcept { return {kind::thread, {}, tid}; }
  /// All threads of one process, by its number in the first PID namespace. As over_thread().
  [[nodiscard]] static iterator_parameters over_process(std::uint32_t pid) noexcept { return {kind::process, {}, pid}; }
  /// All threads of one process, by a descriptor of it (pidfd_open(2)), borrowed for the length of the call. As
  /// over_thread().
  [[nodiscard]] static iterator_parameters over_process(fd_ref pidfd) noexcept { return {kind::pidfd, pidfd, 0}; }

  /// Which of them.
  enum class kind : std::uint8_t {
    none,       ///< No parameters.
    map,        ///< over_map()
    cgroup,     ///< over_cgroups()
    cgroup_id,  ///< over_cgroups_from_id()
    thread,     ///< over_thread()
    process,    ///< over_process() by number
    pidfd,      ///< over_process() by descriptor
  };
  /// Which of them.
  [[nodiscard]] kind how() const noexcept { return kind_; }
  /// The map, cgroup directory or process; nothing where there is none.
  [[nodiscard]] fd_ref descriptor() const noexcept { return descriptor_; }
  /// The cgroup's path; empty where there is none.
  [[nodiscard]] zstring_view path() const noexcept { return path_; }
  /// The cgroup's id, or the thread's or process's number; 0 where there is none.
  [[nodiscard]] std::uint64_t number() const noexcept { return number_; }
  /// In which order cgroups are visited.
  [[nodiscard]] cgroup_order order() const noexcept { return order_; }

 private:
  iterator_parameters(kind how, fd_ref descriptor, std::uint64_t number) noexcept
      : kind_{how}, descriptor_{descriptor}, number_{number} {}

  kind kind_ = kind::none;
  cgroup_order order_ = cgroup_order::self;
  fd_ref descriptor_;
  zstring_view path_;
  std::uint64_t number_ = 0;
};

/// What to iterate with.
struct iterator_options {
  program_ref program;                  ///< Required. A tracing program, loaded for trace_iter.
  iterator_parameters parameters = {};  ///< What to go over, for targets that have a choice.
};

/// Owns an iterator: a program that runs when somebody reads (open()), any number of times and at once. Nothing is
/// hooked, so there is nothing to detach.
using iterator_link = typed_link<link_type::iterator>;

/// Makes an iterator of a program. Nothing runs yet: iterator_link::open() begins a run.
///
/// With parameters this takes one system call more, which asks the new link: targets without a choice, and kernels
/// before 6.1 with a thread, take parameters and disregard them, and that is reported as an error here.
///
/// @errors bad_handle: the program's, map's, cgroup's or process's descriptor is empty or closed. wrong_type: it is no
///         tracing program loaded for trace_iter; the descriptor is no map or process; the map's type does not fit.
///         invalid_argument: the program's target takes no such parameters, or needs some; the number or order is out
///         of range; it is no cgroup. not_found: no such cgroup path or id. defunct: the cgroup was removed.
///         permission_denied: the mode of a directory of the cgroup's path; before Linux 5.19 CAP_BPF.
///         not_supported: this kernel has no such iterators or parameters.
/// @since Linux 5.8; parameters for maps 5.9, for cgroups and tasks 6.1
/// @kernel BPF_LINK_CREATE with BPF_TRACE_ITER (kernel/bpf/bpf_iter.c)
[[nodiscard]] BPFLINK_API expected<iterator_link> attach(const iterator_options& options) noexcept;

template <link_type Kind>
expected<iterator_reader> typed_link<Kind>::open() const noexcept requires(capabilities_of(Kind).iterate) {
  return iterator_reader::open(handle_.fd());
}

}  // namespace bpflink
