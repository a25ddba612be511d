// SPDX-License-Identifier: MIT
#include <array>
#include <string>
#include <vector>

#include "btf/objects.hpp"
#include "btf/reader.hpp"
#include "support/btf_blob.hpp"
#include "support/catch.hpp"
#include "support/vmlinux_btf.hpp"

namespace bpflink::btf {

namespace {

using test::btf_blob;

// One type of each kind, with everything that may follow its header, and a function behind them.
btf_blob every_kind() {
  btf_blob blob;
  blob.add(btf_blob::integer, "int", 4, {32});
  blob.add(btf_blob::pointer, "", 1);
  blob.add(btf_blob::array, "", 0, {1, 1, 8});
  blob.add(btf_blob::structure, "pair", 8, {0, 1, 0, 0, 1, 32}, 2);
  blob.add(btf_blob::union_, "either", 4, {0, 1, 0}, 1);
  blob.add(btf_blob::enumeration, "color", 4, {0, 1, 0, 2, 0, 3}, 3);
  blob.add(btf_blob::forward, "later");
  blob.add(btf_blob::alias, "number", 1);
  blob.add(btf_blob::volatile_, "", 1);
  blob.add(btf_blob::constant, "", 1);
  blob.add(btf_blob::restrict_, "", 2);
  blob.add(btf_blob::prototype, "", 1, {0, 1, 0, 1}, 2);
  blob.add(btf_blob::variable, "global", 1, {1});
  blob.add(btf_blob::section, ".data", 8, {13, 0, 4}, 1);
  blob.add(btf_blob::floating, "double", 8);
  blob.add(btf_blob::declaration_tag, "tag", 4, {0});
  blob.add(btf_blob::type_tag, "rcu", 1);
  blob.add(btf_blob::enumeration64, "large", 8, {0, 1, 2}, 1);
  blob.add(btf_blob::function, "last", 12);
  return blob;
}

// Reads everything that a view can give.
void read_all(const std::vector<std::byte>& data) {
  // In memory of the exact size, so that a sanitizer sees a step outside.
  const std::vector<std::byte> exact{data};
  const auto types = view::of(exact);
  if (!types) return;
  std::size_t letters = 0;
  types->each([&](const type& one) {
    letters += types->name_of(one).size();
    return true;
  });
  CHECK(letters <= exact.size() * exact.size());
  CHECK(types->find(kind::function, "la", "st") <= types->count());
  static_cast<void>(types->whole());
  for (std::uint32_t id = 1; id <= types->count(); ++id) {
    types->each_member(id, [&](const member& one) {
      letters += one.name.size();
      return true;
    });
    static_cast<void>(types->is_function_pointer(id));
  }
  if (const auto split = view::of_split(exact, *types)) CHECK(split->count() <= 2 * types->count());
}

std::vector<std::byte> with_word(std::vector<std::byte> data, std::size_t at, std::uint32_t word) {
  std::memcpy(data.data() + at, &word, sizeof word);
  return data;
}

}  // namespace

TEST_CASE("btf: types are found by kind and name", "[btf]") {
  btf_blob blob;
  const auto structure = blob.add(btf_blob::structure, "task", 4, {0, 1, 0}, 1);
  const auto alias = blob.add(btf_blob::alias, "task", structure);
  const auto function = blob.add_function("task");
  const auto prefixed = blob.add_function("bpf_iter_task");
  blob.add_function("task");
  const auto data = blob.bytes();
  const auto types = view::of(data);
  REQUIRE(types);
  CHECK(types->find(kind::structure, "", "task") == structure);
  CHECK(types->find(kind::alias, "", "task") == alias);
  CHECK(types->find(kind::function, "", "task") == function);
  CHECK(types->find(kind::function, "bpf_iter_", "task") == prefixed);
  CHECK(types->find(kind::function, "bpf_iter_task", "") == prefixed);
  CHECK(types->find(kind::function, "", "tas") == 0);
  CHECK(types->find(kind::function, "", "tasks") == 0);
  CHECK(types->find(kind::alias, "bpf_iter_", "task") == 0);
  CHECK(types->find(kind::function, "", "") == 0);
  CHECK(types->count() == blob.count());
  CHECK(types->whole());
}

TEST_CASE("btf: what follows a type's header is stepped over, for every kind", "[btf]") {
  const auto blob = every_kind();
  const auto data = blob.bytes();
  const auto types = view::of(data);
  REQUIRE(types);
  CHECK(types->count() == 19);
  CHECK(types->whole());
  CHECK(types->find(kind::function, "", "last") == 19);
  const auto last = types->at(19);
  REQUIRE(last);
  CHECK(last->kind_number == btf_blob::function);
  CHECK(types->name_of(*last) == "last");
  CHECK(types->name_of(*types->at(2)).empty());
  CHECK_FALSE(types->at(0));
  CHECK_FALSE(types->at(20));
}

TEST_CASE("btf: a structure's members are shown in order, and those that point to functions are known", "[btf]") {
  btf_blob blob;
  const auto integer = blob.add(btf_blob::integer, "int", 4, {32});
  const auto prototype = blob.add(btf_blob::prototype, "", integer);
  const auto constant = blob.add(btf_blob::constant, "", prototype);
  const auto function = blob.add(btf_blob::pointer, "", constant);
  const auto alias = blob.add(btf_blob::alias, "callback", function);
  const auto data_pointer = blob.add(btf_blob::pointer, "", integer);
  const auto endless = blob.add(btf_blob::alias, "endless", blob.count() + 1);
  // Names by their offsets in the strings: "int" is the first of them.
  const auto table = blob.add(btf_blob::structure, "table", 24, {1, alias, 0, 5, data_pointer, 64, 1, integer, 128}, 3);
  const auto data = blob.bytes();
  const auto types = view::of(data);
  REQUIRE(types);
  CHECK(types->is_function_pointer(function));
  CHECK(types->is_function_pointer(alias));
  for (const auto other : {integer, prototype, data_pointer, endless, table, 0U, 1000U}) {
    CHECK_FALSE(types->is_function_pointer(other));
  }

  std::vector<member> seen;
  types->each_member(table, [&](const member& one) {
    seen.push_back(one);
    return seen.size() < 2;
  });
  REQUIRE(seen.size() == 2);
  CHECK(seen[0].name == "int");
  CHECK(seen[0].type == alias);
  CHECK(seen[1].name == "callback");
  CHECK(seen[1].offset == 8);
  CHECK(types->find_member(table, "int")->type == alias);
  CHECK_FALSE(types->find_member(table, "none"));
  CHECK_FALSE(types->find_member(integer, "int"));
  bool any = false;
  types->each_member(integer, [&](const member&) { return any = true; });
  CHECK_FALSE(any);
}

TEST_CASE("btf: a kind that is not known ends the reading", "[btf]") {
  for (const std::uint32_t unknown : {0U, 20U, 31U}) {
    btf_blob blob;
    const auto before = blob.add_function("before");
    blob.add(unknown, "news");
    blob.add_function("behind");
    const auto data = blob.bytes();
    const auto types = view::of(data);
    REQUIRE(types);
    CHECK(types->find(kind::function, "", "before") == before);
    CHECK(types->find(kind::function, "", "behind") == 0);
    CHECK(types->count() == before);
    CHECK_FALSE(types->whole());
  }
}

TEST_CASE("btf: a module's types go on where the kernel's end", "[btf]") {
  btf_blob kernel;
  kernel.add_function("of_kernel");
  btf_blob module{kernel.count(), kernel.strings_size()};
  const auto own = module.add_function("of_module");
  // A name of the kernel's strings, as modules use where they can: "of_kernel" is the last of them.
  const auto shared = kernel.strings_size() - 10;
  auto data = module.bytes();
  const auto kernel_data = kernel.bytes();
  const auto base = view::of(kernel_data);
  REQUIRE(base);
  const auto types = view::of_split(data, *base);
  REQUIRE(types);
  CHECK(own == 6);
  CHECK(types->find(kind::function, "of_", "module") == own);
  CHECK(types->find(kind::function, "of_", "kernel") == 0);
  CHECK(types->count() == 6);

  // The function's header is the last of the types.
  data = with_word(data, data.size() - (module.strings_size() - kernel.strings_size()) - 12, shared);
  const auto renamed = view::of_split(data, *base);
  REQUIRE(renamed);
  CHECK(renamed->find(kind::function, "of_", "kernel") == own);
}

TEST_CASE("btf: what is no BTF of this machine is refused", "[btf]") {
  const auto good = every_kind().bytes();
  REQUIRE(view::of(good));
  CHECK_FALSE(view::of({}));
  CHECK_FALSE(view::of(with_word(good, 0, 0x0001'9febU)));  // the other byte order
  CHECK_FALSE(view::of(with_word(good, 0, 0x0002'eb9fU)));  // version 2
  CHECK_FALSE(view::of(with_word(good, 4, 23)));
  const auto size = static_cast<std::uint32_t>(good.size());
  for (const std::uint32_t large : {size, size + 1, 0x7fff'ffffU, 0xffff'ffe8U, 0xffff'ffffU}) {
    for (const std::size_t field : {4U, 8U, 12U, 16U, 20U}) {
      CAPTURE(large, field);
      CHECK_FALSE(view::of(with_word(good, field, large)));
    }
  }
}

TEST_CASE("btf: names that run out of the strings are none", "[btf]") {
  btf_blob blob;
  const auto function = blob.add_function("name");
  auto data = blob.bytes();
  data.pop_back();
  // Without its final NUL the last name has no end.
  std::uint32_t strings_size = blob.strings_size() - 1;
  auto cut = with_word(data, 20, strings_size);
  const auto types = view::of(cut);
  REQUIRE(types);
  CHECK(types->find(kind::function, "", "name") == 0);
  CHECK(types->name_of(*types->at(function)).empty());
  CHECK(types->name_of({.id = 1, .name = 0xffff'ffffU, .kind_number = 12}).empty());
  CHECK(types->name_of({.id = 1, .name = strings_size, .kind_number = 12}).empty());
}

TEST_CASE("btf: data that is cut off or changed anywhere is read without a step outside", "[btf]") {
  const auto good = every_kind().bytes();
  for (std::size_t size = 0; size < good.size(); ++size) {
    read_all({good.begin(), good.begin() + static_cast<std::ptrdiff_t>(size)});
  }
  for (std::size_t at = 0; at < good.size(); ++at) {
    for (const unsigned change : {0x01U, 0x80U, 0xffU}) {
      auto changed = good;
      changed[at] ^= static_cast<std::byte>(change);
      read_all(changed);
    }
  }
}

TEST_CASE("btf: the running kernel's is read as an independent reader does", "[btf]") {
  SKIP_IF(test::needs_vmlinux_btf());
  const auto data = of_kernel();
  REQUIRE(data);
  const auto types = view::of(data->bytes());
  REQUIRE(types);
  CHECK(types->whole());
  CHECK(types->count() > 10'000);

  const auto& oracle = test::vmlinux_btf::get();
  const auto id_or_0 = [](std::optional<std::uint32_t> id) { return id.value_or(0); };
  for (const std::string name : {"bpf_iter_task", "bpf_lsm_file_open", "vfs_read", "no_such_function"}) {
    CAPTURE(name);
    CHECK(types->find(kind::function, "", name) == id_or_0(oracle.function(name)));
  }
  CHECK(types->find(kind::alias, "btf_trace_", "sched_switch") == id_or_0(oracle.type_alias("btf_trace_sched_switch")));
  CHECK(types->find(kind::structure, "", "task_struct") == id_or_0(oracle.structure("task_struct")));

  const auto last = types->at(types->count());
  REQUIRE(last);
  CHECK_FALSE(types->at(types->count() + 1));
}

}  // namespace bpflink::btf
