// SPDX-License-Identifier: MIT
#include <array>
#include <cerrno>

#include "btf/objects.hpp"
#include "btf/reader.hpp"
#include "features/probes.hpp"
#include "kernel/bpf.hpp"
#include "load/call.hpp"

namespace bpflink::features {

namespace {

// r0 = 0; exit
constexpr std::array<kernel::u64, 2> return_zero{0xb7, 0x95};

// The BTF id of an iterator target of the kernel's own; 0 where it has none, nothing where its BTF cannot be read.
std::optional<kernel::u32> target_named(std::string_view name) noexcept {
  const auto data = btf::of_kernel();
  const auto types = data ? btf::view::of(data->bytes()) : std::nullopt;
  if (!types) return std::nullopt;
  const auto id = types->find(btf::kind::function, "bpf_iter_", name);
  if (id == 0 && !types->whole()) return std::nullopt;
  return id;
}

// Without iterators there is nothing to go over; without BTF there is nothing to tell.
availability without_btf() noexcept {
  return probe(feature::iterator) == availability::no ? availability::no : availability::unknown;
}

kernel::result<unique_fd> load_for(kernel::u32 target) noexcept {
  kernel::prog_load_attr attr{};
  attr.prog_type = static_cast<kernel::u32>(program_type::tracing);
  attr.expected_attach_type = static_cast<kernel::u32>(attach_type::trace_iter);
  attr.insn_cnt = static_cast<kernel::u32>(return_zero.size());
  attr.insns = kernel::pointer(return_zero.data());
  attr.license = kernel::pointer("GPL");
  attr.attach_btf_id = target;
  return loading::load(attr);
}

}  // namespace

availability iterator_cgroup() noexcept {
  const auto target = target_named("cgroup");
  if (!target) return without_btf();
  return *target != 0 ? availability::yes : availability::no;
}

// A process by a descriptor that is never open: kernels that know processes complain of it.
availability iterator_task_parameters() noexcept {
  const auto target = target_named("task");
  if (!target) return without_btf();
  if (*target == 0) return availability::no;
  const auto program = load_for(*target);
  if (!program) return program.error().number == EPERM ? availability::forbidden : availability::unknown;
  const kernel::iterator_task_parameters nobody{.pid_fd = static_cast<kernel::u32>(-1)};
  const kernel::link_create_iterator_attr attr{
      .base = {.prog_fd = kernel::descriptor(program->get()),
               .attach_type = static_cast<kernel::u32>(attach_type::trace_iter)},
      .iter_info = kernel::pointer(&nobody),
      .iter_info_len = sizeof nobody,
  };
  const auto link = kernel::link_create(attr);
  if (link) return availability::unknown;
  switch (link.error().number) {
    case EBADF:
      return availability::yes;
    case E2BIG:
    case EINVAL:
      return availability::no;
    default:
      return availability::unknown;
  }
}

}  // namespace bpflink::features
