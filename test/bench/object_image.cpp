// SPDX-License-Identifier: MIT
#include "object_image.hpp"

#include <elf.h>

#include <bit>
#include <cstring>

namespace bpflink::bench {

namespace {

constexpr Elf64_Half machine_bpf = 247;
constexpr std::size_t alignment = 8;
constexpr std::size_t names_section = 1;
constexpr std::size_t symbols_section = 2;

template <class T>
std::string bytes_of(const T& value) {
  return {reinterpret_cast<const char*>(&value), sizeof value};
}

class image {
 public:
  image() { add({}, SHT_NULL, 0, {}); }

  Elf64_Word name(const std::string& text) {
    const auto at = names_.size();
    names_ += text + '\0';
    return static_cast<Elf64_Word>(at);
  }

  /// Returns the section's index.
  std::size_t add(const std::string& title, Elf64_Word type, Elf64_Xword flags, std::string content) {
    Elf64_Shdr header{};
    header.sh_name = title.empty() ? 0 : name(title);
    header.sh_type = type;
    header.sh_flags = flags;
    header.sh_addralign = type == SHT_NULL ? 0 : alignment;
    headers_.push_back(header);
    contents_.push_back(std::move(content));
    return headers_.size() - 1;
  }

  void set_content(std::size_t section, std::string content) { contents_[section] = std::move(content); }
  Elf64_Shdr& header(std::size_t section) { return headers_[section]; }

  std::string done() {
    set_content(names_section, names_);
    std::string body(sizeof(Elf64_Ehdr), '\0');
    for (std::size_t section = 1; section < headers_.size(); ++section) {
      headers_[section].sh_offset = body.size();
      headers_[section].sh_size = contents_[section].size();
      body += contents_[section];
      body.resize((body.size() + alignment - 1) / alignment * alignment);
    }
    const auto file = file_header(body.size());
    std::memcpy(body.data(), &file, sizeof file);
    for (const auto& header : headers_) body += bytes_of(header);
    return body;
  }

 private:
  [[nodiscard]] Elf64_Ehdr file_header(std::size_t sections_at) const {
    Elf64_Ehdr header{};
    std::memcpy(header.e_ident, ELFMAG, SELFMAG);
    header.e_ident[EI_CLASS] = ELFCLASS64;
    header.e_ident[EI_DATA] = std::endian::native == std::endian::little ? ELFDATA2LSB : ELFDATA2MSB;
    header.e_ident[EI_VERSION] = EV_CURRENT;
    header.e_type = ET_REL;
    header.e_machine = machine_bpf;
    header.e_version = EV_CURRENT;
    header.e_shoff = sections_at;
    header.e_ehsize = sizeof(Elf64_Ehdr);
    header.e_shentsize = sizeof(Elf64_Shdr);
    header.e_shnum = static_cast<Elf64_Half>(headers_.size());
    header.e_shstrndx = names_section;
    return header;
  }

  std::string names_ = std::string(1, '\0');
  std::vector<Elf64_Shdr> headers_;
  std::vector<std::string> contents_;
};

}  // namespace

std::string object_image(const std::vector<object_program>& programs, const std::string& constants) {
  image object;
  object.add(".strtab", SHT_STRTAB, 0, {});
  object.add(".symtab", SHT_SYMTAB, 0, {});
  object.add("license", SHT_PROGBITS, SHF_ALLOC | SHF_WRITE, std::string("GPL", sizeof "GPL"));
  if (!constants.empty()) object.add(".rodata", SHT_PROGBITS, SHF_ALLOC, constants);

  std::string symbols(sizeof(Elf64_Sym), '\0');
  for (const auto& program : programs) {
    std::string code(program.code.size() * sizeof(test::instruction), '\0');
    std::memcpy(code.data(), program.code.data(), code.size());
    Elf64_Sym symbol{};
    symbol.st_name = object.name(program.name);
    symbol.st_info = ELF64_ST_INFO(STB_GLOBAL, STT_FUNC);
    symbol.st_size = code.size();
    symbol.st_shndx = static_cast<Elf64_Section>(
        object.add(program.section, SHT_PROGBITS, SHF_ALLOC | SHF_EXECINSTR, std::move(code)));
    symbols += bytes_of(symbol);
  }
  object.set_content(symbols_section, std::move(symbols));
  auto& table = object.header(symbols_section);
  table.sh_link = names_section;
  table.sh_info = 1;  // the first symbol that is not local
  table.sh_entsize = sizeof(Elf64_Sym);
  return object.done();
}

}  // namespace bpflink::bench
