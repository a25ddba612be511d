// SPDX-License-Identifier: MIT
#include "bpflink/attach/uprobe_multi.hpp"

#include <algorithm>
#include <array>
#include <cerrno>
#include <climits>
#include <type_traits>

#include "attach/rules.hpp"
#include "attachment.hpp"
#include "explain/feature.hpp"
#include "explain/program.hpp"
#include "failure.hpp"
#include "kernel/bpf.hpp"
#include "kernel/files.hpp"

namespace bpflink {

namespace {

// The kernel reads cookies as an array of 64-bit numbers.
static_assert(sizeof(cookie) == sizeof(kernel::u64));
static_assert(alignof(cookie) == alignof(kernel::u64));
static_assert(std::is_standard_layout_v<cookie> && std::is_trivially_copyable_v<cookie>);

constexpr auto where = static_cast<kernel::u32>(attach_type::trace_uprobe_multi);
constexpr kernel::u32 flag_return = 1U << 0;
constexpr std::size_t most_places = std::size_t{1} << 20U;

attempt attempted(const uprobe_multi_options& options) noexcept {
  return {text{"attach {} multi", options.on_return ? "uretprobe" : "uprobe"}, "to", text{"{}", options.path.view()}};
}

diagnosis contradiction(const text& reason) noexcept { return {errc::invalid_argument, cause::bad_option, reason, {}}; }

// What is wrong with the options by themselves.
enum class flaw : unsigned char { none, no_program, no_path, no_offsets, many_offsets, cookies, semaphores, process };

bool fits(std::size_t size, std::size_t places) noexcept { return size == 0 || size == places; }

flaw flaw_of(const uprobe_multi_options& options) noexcept {
  const auto places = options.offsets.size();
  if (!options.program.fd()) return flaw::no_program;
  if (options.path.empty()) return flaw::no_path;
  if (places == 0) return flaw::no_offsets;
  if (places > UINT32_MAX) return flaw::many_offsets;
  if (!fits(options.cookies.size(), places)) return flaw::cookies;
  if (!fits(options.semaphore_offsets.size(), places)) return flaw::semaphores;
  // To the kernel 0 is "all", and what is negative is no process.
  const auto process = options.process ? options.process->value() : 1;
  return process == 0 || process > INT_MAX ? flaw::process : flaw::none;
}

text words_for(flaw wrong, const uprobe_multi_options& options) noexcept {
  const auto places = options.offsets.size();
  switch (wrong) {
    case flaw::no_path:
      return text{"the path is empty"};
    case flaw::no_offsets:
      return text{"there are no offsets"};
    case flaw::many_offsets:
      return text{"there are {} offsets", places};
    case flaw::cookies:
      return text{"there are {} cookies for {} offsets", options.cookies.size(), places};
    case flaw::semaphores:
      return text{"there are {} semaphore offsets for {} offsets", options.semaphore_offsets.size(), places};
    case flaw::process:
      return text{"no process has the number {}", static_cast<std::int32_t>(options.process->value())};
    case flaw::none:
    case flaw::no_program:
      break;
  }
  return {};
}

kernel::link_create_uprobe_multi_attr attr_of(const uprobe_multi_options& options) noexcept {
  kernel::link_create_uprobe_multi_attr attr{};
  attr.base.prog_fd = kernel::descriptor(options.program.fd().get());
  attr.base.attach_type = where;
  attr.path = kernel::pointer(options.path.c_str());
  attr.offsets = kernel::pointer(options.offsets.data());
  if (!options.semaphore_offsets.empty()) attr.ref_ctr_offsets = kernel::pointer(options.semaphore_offsets.data());
  if (!options.cookies.empty()) attr.cookies = kernel::pointer(options.cookies.data());
  attr.cnt = static_cast<kernel::u32>(options.offsets.size());
  attr.flags = options.on_return ? flag_return : 0;
  attr.pid = options.process ? options.process->value() : 0;
  return attr;
}

// A directory has no places: the kernel says so where it has nothing against the program.
bool loaded_for_another(program_ref program) noexcept {
  const kernel::u64 offset = 0;
  kernel::link_create_uprobe_multi_attr attr{};
  attr.base.prog_fd = kernel::descriptor(program.fd().get());
  attr.base.attach_type = where;
  attr.path = kernel::pointer("/");
  attr.offsets = kernel::pointer(&offset);
  attr.cnt = 1;
  const auto refused = kernel::link_create(attr);
  return !refused && refused.error().number == EINVAL;
}

std::optional<diagnosis> unfit_program(program_ref program) noexcept {
  constexpr std::array accepted{program_type::kprobe};
  if (auto wrong = explain::unfit_program(program, accepted)) return wrong;
  if (probe(feature::uprobe_multi) != availability::yes || !loaded_for_another(program)) return std::nullopt;
  return diagnosis{errc::wrong_type, cause::wrong_expected_attach_type,
                   text{"{} was not loaded for trace_uprobe_multi", explain::describe_program(program).view()},
                   text{"load it with the expected attach type trace_uprobe_multi"}};
}

std::optional<diagnosis> unfit_file(zstring_view path) noexcept {
  const auto status = kernel::status_of(path.c_str());
  if (!status || status->kind == kernel::file_kind::regular) return std::nullopt;
  return diagnosis{
      errc::invalid_argument,
      cause::not_a_file,
      text{"it is {}, and no regular file", status->kind == kernel::file_kind::directory ? "a directory" : "special"},
      {}};
}

std::optional<diagnosis> unfit_offset(const uprobe_multi_options& options) noexcept {
  const auto status = kernel::status_of(options.path.c_str());
  if (!status) return std::nullopt;
  const auto behind = std::find_if(options.offsets.begin(), options.offsets.end(),
                                   [&](std::uint64_t offset) { return offset > status->size; });
  if (behind != options.offsets.end()) {
    return diagnosis{errc::invalid_argument, cause::bad_offset,
                     text{"offset {:#x} (number {}) is behind the end of the file, which has {:#x} bytes", *behind,
                          behind - options.offsets.begin() + 1, status->size},
                     text{"offsets are places in the file, not addresses"}};
  }
  const auto odd = std::find_if(options.semaphore_offsets.begin(), options.semaphore_offsets.end(),
                                [](std::uint64_t offset) { return offset % sizeof(std::uint16_t) != 0; });
  if (odd == options.semaphore_offsets.end()) return std::nullopt;
  return diagnosis{
      errc::invalid_argument,
      cause::bad_offset,
      text{"the semaphore's offset {:#x} (number {}) is odd", *odd, odd - options.semaphore_offsets.begin() + 1},
      {}};
}

std::optional<diagnosis> of_path(int number) noexcept {
  switch (number) {
    case ENOENT:
      return diagnosis{errc::not_found, cause::no_such_path, text{"there is no such file"}, {}};
    case EACCES:
      return diagnosis{
          errc::permission_denied, cause::file_permission, text{"a directory of the path may not be searched"}, {}};
    default:
      return std::nullopt;
  }
}

std::optional<diagnosis> established(const uprobe_multi_options& options, kernel::failure failed) noexcept {
  switch (failed.number) {
    case EBADF:
    case EINVAL:
      if (auto wrong = unfit_program(options.program)) return wrong;
      if (auto missing = explain::missing_feature(feature::uprobe_multi)) return missing;
      if (options.path.view().size() >= PATH_MAX) return contradiction(text{"the path is too long"});
      if (auto wrong = unfit_file(options.path)) return wrong;
      return unfit_offset(options);
    case E2BIG:
      if (options.offsets.size() <= most_places) return std::nullopt;
      return diagnosis{
          errc::limit,
          cause::too_many,
          text{"{} offsets are more than the kernel takes, which is {}", options.offsets.size(), most_places},
          {}};
    case ESRCH:
      return diagnosis{errc::not_found,
                       cause::no_such_process,
                       text{"no process here has the number {}", options.process ? options.process->value() : 0},
                       {}};
    case EOPNOTSUPP:
      return diagnosis{
          errc::not_supported, cause::missing_configuration, text{"this kernel was built without uprobes"}, {}};
    case kernel::error_notsupp:
      return diagnosis{errc::not_supported, cause::bad_offset,
                       text{"at one of the offsets there is an instruction that cannot be probed"},
                       text{"an offset must be at the beginning of an instruction"}};
    default:
      return of_path(failed.number);
  }
}

[[gnu::cold, gnu::noinline]] expected<uprobe_multi_link> not_attached(const uprobe_multi_options& options,
                                                                      kernel::failure failed) noexcept {
  const auto why = established(options, failed);
  return tl::unexpected(
      make_error(attempted(options), failed, why ? *why : explain::by_feature(failed, feature::uprobe_multi)));
}

[[gnu::cold, gnu::noinline]] expected<uprobe_multi_link> refused(const uprobe_multi_options& options,
                                                                 flaw wrong) noexcept {
  if (wrong == flaw::no_program) return tl::unexpected(refuse_empty(attempted(options), "program"));
  return tl::unexpected(refuse(attempted(options), contradiction(words_for(wrong, options))));
}

}  // namespace

expected<uprobe_multi_link> attach(const uprobe_multi_options& options) noexcept {
  if (const auto wrong = flaw_of(options); wrong != flaw::none) return refused(options, wrong);
  auto link = kernel::link_create(attr_of(options));
  if (!link) return not_attached(options, link.error());
  return detail::link_access::make<link_type::uprobe_multi>(*std::move(link));
}

}  // namespace bpflink
