// SPDX-License-Identifier: MIT
#include <atomic>
#include <cerrno>
#include <cstring>

#include "bpflink/load.hpp"
#include "explain/capability.hpp"
#include "failure.hpp"
#include "kernel/limits.hpp"
#include "kernel/release.hpp"
#include "load/call.hpp"
#include "load/explain.hpp"
#include "load/program_flags.hpp"
#include "load/target.hpp"
#include "load/validate.hpp"

namespace bpflink {

namespace {

using kernel::u32;

constexpr kernel_version kprobe_version_until{5, 0};
constexpr kernel_version names_since{4, 15};
constexpr kernel_version names_with_dots_since{5, 2};

// What this kernel wants to see with kprobe programs; 0 as long as it has not refused one without.
// NOLINTNEXTLINE(cppcoreguidelines-avoid-non-const-global-variables): what is known of the kernel is so in a process
std::atomic<u32> kprobe_version{0};

kernel::prog_load_attr attr_of(const program_options& options, const loading::resolved_target& target) noexcept {
  kernel::prog_load_attr attr{};
  attr.prog_type = static_cast<u32>(options.type);
  attr.insn_cnt = static_cast<u32>(options.instructions.count());
  attr.insns = kernel::pointer(options.instructions.data());
  attr.license = kernel::pointer(options.license.c_str());
  if (options.type == program_type::kprobe) attr.kern_version = kprobe_version.load(std::memory_order_relaxed);
  attr.prog_flags = loading::program_flags(options);
  options.name.copy(attr.prog_name.data(), attr.prog_name.size() - 1);
  attr.expected_attach_type = static_cast<u32>(options.expected_attach_type.value_or(attach_type{}));
  if (options.btf) {
    attr.prog_btf_fd = kernel::descriptor(options.btf.get());
    attr.func_info_rec_size = sizeof(function_info);
    attr.func_info = kernel::pointer(options.functions.data());
    attr.func_info_cnt = static_cast<u32>(options.functions.size());
  }
  attr.attach_btf_id = target.type;
  attr.attach_object_fd = target.object;
  return attr;
}

bool may_not_know(kernel::failure failed) noexcept { return failed.number == EINVAL || failed.number == E2BIG; }

// Old kernels want the version with kprobe programs, and know no names; what else they refuse has its reason.
kernel::result<unique_fd> load_as_old_kernels_do(kernel::prog_load_attr& attr, kernel::failure failed) noexcept {
  const auto running = kernel::running_version();
  if (static_cast<program_type>(attr.prog_type) == program_type::kprobe && attr.kern_version == 0 &&
      running < kprobe_version_until) {
    attr.kern_version = kernel::version_code();
    auto answer = loading::load(attr);
    if (answer) kprobe_version.store(attr.kern_version, std::memory_order_relaxed);
    if (answer) return answer;
    failed = answer.error();
  }
  const bool dot = std::strchr(attr.prog_name.data(), '.') != nullptr;
  const auto since = dot ? names_with_dots_since : names_since;
  if (!may_not_know(failed) || attr.prog_name[0] == '\0' || running >= since) return tl::unexpected(failed);
  attr.prog_name = {};
  auto answer = loading::load(attr);
  if (answer && attr.kern_version != 0) kprobe_version.store(attr.kern_version, std::memory_order_relaxed);
  return answer;
}

}  // namespace

expected<program> program::load(const program_options& options) noexcept {
  if (const auto wrong = loading::wrong_options(options)) {
    return tl::unexpected(refuse(loading::attempted(options), *wrong));
  }
  const auto target = loading::resolve(options);
  if (!target) {
    const auto& [failed, why] = target.error();
    return tl::unexpected(make_error(loading::attempted(options), failed, why));
  }
  auto attr = attr_of(options, *target);
  auto loaded = loading::load(attr);
  if (loaded) return program{*std::move(loaded)};
  auto failed = loaded.error();
  if (may_not_know(failed)) {
    auto again = load_as_old_kernels_do(attr, failed);
    if (again) return program{*std::move(again)};
    failed = again.error();
  }
  auto heard = loading::load_listening(attr);
  if (heard.answer) return program{*std::move(heard.answer)};
  return tl::unexpected(loading::explain(options, *target, failed, heard.words));
}

expected<void> raise_memory_lock_limit() noexcept {
  const auto raised = kernel::set_memory_lock_limit({});
  if (raised) return {};
  const attempt what{text{"raise RLIMIT_MEMLOCK"}, {}, {}};
  const auto now = kernel::memory_lock_limit();
  if (!now) return tl::unexpected(make_error(what, raised.error()));
  static_cast<void>(kernel::set_memory_lock_limit({.bytes = now->highest, .highest = now->highest}));
  auto why = diagnose(raised.error());
  if (auto missing =
          explain::missing_capability({kernel::capability::sys_resource}, kernel::capability::sys_resource)) {
    why = *missing;
    why.hint = text{"{} KiB, the highest that it may have, is now used", now->highest / 1024};
  }
  return tl::unexpected(make_error(what, raised.error(), why));
}

}  // namespace bpflink
