// SPDX-License-Identifier: MIT
#include "load/target.hpp"

#include <cerrno>

#include "btf/objects.hpp"
#include "btf/reader.hpp"
#include "explain/capability.hpp"
#include "explain/names.hpp"
#include "explain/program.hpp"
#include "kernel/abi.hpp"
#include "kernel/release.hpp"
#include "load/types.hpp"

namespace bpflink::loading {

namespace {

using answer = tl::expected<resolved_target, unresolved>;
using kind = load_target::kind;

constexpr kernel::failure no_call{operation::none, 0};
constexpr kernel_version kernel_btf_since{5, 4};
constexpr kernel_version module_btf_since{5, 11};

unresolved unreadable(kernel::failure failed, std::string_view whose) noexcept {
  auto why = diagnose(failed);
  if (failed.number == EPERM) {
    if (auto missing = explain::missing_capability({kernel::capability::sys_admin})) why = *missing;
  } else if (failed.number == EINVAL && failed.call == operation::none) {
    why = {errc::not_supported, cause::unknown, text{"the BTF of {} cannot be read", whose}, {}};
  }
  return {failed.call == operation::none ? no_call : failed, why};
}

unresolved no_kernel_btf(kernel::failure failed) noexcept {
  if (failed.number != ENOENT) return unreadable(failed, "the kernel");
  const auto running = kernel::running_version();
  const bool too_old = running < kernel_btf_since;
  return {failed,
          {errc::not_supported, too_old ? cause::missing_feature : cause::missing_configuration,
           text{"this kernel does not show its BTF (/sys/kernel/btf/vmlinux), which came with Linux {}.{} and "
                "CONFIG_DEBUG_INFO_BTF",
                kernel_btf_since.major, kernel_btf_since.minor},
           too_old ? text{} : text{"see that /sys is mounted"}}};
}

void offer(explain::nearest_names& near, const btf::view& types, const target_rule& rule) noexcept {
  types.each([&](const btf::type& one) {
    if (one.kind_number != static_cast<unsigned>(rule.kind)) return true;
    const auto name = types.name_of(one);
    if (name.size() > rule.prefix.size() && name.starts_with(rule.prefix)) near.offer(name.substr(rule.prefix.size()));
    return true;
  });
}

unresolved no_such_name(const program_options& options, const target_rule& rule, const btf::view& types,
                        std::string_view where, std::string_view unsearched) noexcept {
  explain::nearest_names near{options.target.name()};
  offer(near, types, rule);
  auto hint = near.hint();
  if (!unsearched.empty()) hint.add("{}{}", hint.empty() ? "" : "; ", unsearched);
  if (!types.whole())
    hint.add("{}some of the types are of a kind that this library cannot read", hint.empty() ? "" : "; ");
  return {no_call,
          {errc::not_found, cause::no_such_name,
           text{"there is no {} '{}' in {}", rule.word, options.target.name(), where}, hint}};
}

// The next of the modules that are meant: all of them, where the name is empty.
kernel::result<btf::module_object> next_meant(std::uint32_t after, std::string_view module) noexcept {
  for (;;) {
    auto next = btf::next_module(after);
    if (!next || module.empty() || next->info.name == module) return next;
    after = next->info.id;
  }
}

// After the last module, or where none can be seen. An empty name means all of them.
unresolved in_no_module(const program_options& options, const target_rule& rule, const btf::view& own,
                        std::string_view module, kernel::failure failed) noexcept {
  if (module.empty()) {
    const std::string_view unsearched =
        failed.number == EPERM ? "modules were not searched, which takes CAP_SYS_ADMIN" : "";
    return no_such_name(options, rule, own, "the BTF of the kernel and its modules", unsearched);
  }
  if (failed.number != ENOENT) return unreadable(failed, module);
  return {no_call,
          {errc::not_found, cause::no_such_name, text{"no module '{}' with BTF is loaded", module},
           text{"BTF of modules came with Linux {}.{}", module_btf_since.major, module_btf_since.minor}}};
}

// The kernel's own first; then, unless only one module is meant, those of all modules.
answer in_kernel_or_modules(const program_options& options, const target_rule& rule, std::string_view module) noexcept {
  const auto kernel_data = btf::of_kernel();
  if (!kernel_data) return tl::unexpected(no_kernel_btf(kernel_data.error()));
  const auto own = btf::view::of(kernel_data->bytes());
  if (!own) return tl::unexpected(unreadable({operation::none, EINVAL}, "the kernel"));

  const auto name = options.target.name();
  const bool any = module.empty();
  if (any || module == "vmlinux") {
    if (const auto id = own->find(rule.kind, rule.prefix, name); id != 0)
      return resolved_target{.type = id, .opened = {}};
    if (!any) return tl::unexpected(no_such_name(options, rule, *own, "the kernel's BTF", {}));
  }
  for (std::uint32_t after = 0;;) {
    auto next = next_meant(after, module);
    if (!next) return tl::unexpected(in_no_module(options, rule, *own, module, next.error()));
    after = next->info.id;
    const auto data = btf::of_object(next->object);
    const auto types = data ? btf::view::of_split(data->bytes(), *own) : std::nullopt;
    if (!types && any) continue;
    if (!data) return tl::unexpected(unreadable(data.error(), module));
    if (!types) return tl::unexpected(unreadable({operation::none, EINVAL}, module));
    if (const auto id = types->find(rule.kind, rule.prefix, name); id != 0) {
      const auto object = kernel::descriptor(next->object.get());
      return resolved_target{.type = id, .object = object, .opened = std::move(next->object)};
    }
    if (!any)
      return tl::unexpected(no_such_name(options, rule, *types, text{"the BTF of module '{}'", module}.view(), {}));
  }
}

answer in_program(const program_options& options) noexcept {
  const auto other = options.target.holder();
  const auto refused = [&](kernel::failure failed) {
    if (auto wrong = explain::unfit_program(other, {}, "target program")) {
      if (wrong->why != cause::wrong_program_type) return tl::unexpected(unresolved{failed, *wrong});
    }
    if (failed.call == operation::none && failed.number == ENOENT) {
      return tl::unexpected(unresolved{no_call,
                                       {errc::not_found,
                                        cause::no_such_name,
                                        text{"{} was loaded without BTF, so its functions have no names",
                                             explain::describe_program(program_ref{other}).view()},
                                        {}}});
    }
    return tl::unexpected(unreadable(failed, "the target program"));
  };
  const auto object = btf::object_of_program(other);
  if (!object) return refused(object.error());
  const auto data = btf::of_object(*object);
  if (!data) return refused(data.error());
  const auto types = btf::view::of(data->bytes());
  if (!types) return refused({operation::none, EINVAL});
  const target_rule rule{btf::kind::function, "", "function"};
  if (const auto id = types->find(rule.kind, rule.prefix, options.target.name()); id != 0) {
    return resolved_target{.type = id, .object = kernel::descriptor(other.get()), .opened = {}};
  }
  const auto where = explain::describe_program(program_ref{other});
  return tl::unexpected(no_such_name(options, rule, *types, where.view(), {}));
}

}  // namespace

tl::expected<resolved_target, unresolved> resolve(const program_options& options) noexcept {
  const auto& target = options.target;
  switch (target.how()) {
    case kind::none:
      return resolved_target{};
    case kind::by_id:
      return resolved_target{.type = target.type(), .opened = {}};
    case kind::by_id_in_btf:
    case kind::by_id_in_program:
      return resolved_target{.type = target.type(), .object = kernel::descriptor(target.holder().get()), .opened = {}};
    case kind::by_name_in_program:
      return in_program(options);
    case kind::by_name:
    case kind::by_name_in_module:
      break;
  }
  // The rule is there: the options were checked for it.
  const auto rule = rule_for(options.type, options.expected_attach_type);
  return in_kernel_or_modules(options, *rule, target.module());
}

}  // namespace bpflink::loading
