// Makes src/bentpipe/globe/static/vendor from packages of the npm registry, at pinned versions and contents.
//
//   node tools/vendor_web.mjs            writes the folder
//   node tools/vendor_web.mjs --check    makes it again in a temporary folder and compares every byte; exit 1 if they differ
//
// Node >= 18 and npm are needed here only: what is made is committed, so that installing bentpipe needs neither.
import { execFileSync } from "node:child_process";
import { createHash } from "node:crypto";
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";

const TARGET = join(dirname(fileURLToPath(import.meta.url)), "..", "src", "bentpipe", "globe", "static", "vendor");

// A version can be published once only, but its content is pinned too: the registry is not to be trusted with that.
const PACKAGES = {
  three: {
    version: "0.187.0",
    integrity: "sha512-Qiu7R+Cmh8CstZsY1uJOSWnVlfo7ZtNLV7mF8Jltk3LB3AtDu9cRZlcnRKkAk8Y4z6KKw35z7Y7Urd7jWY8etA==",
  },
  uplot: {
    version: "1.6.32",
    integrity: "sha512-KIMVnG68zvu5XXUbC4LQEPnhwOxBuLyW1AHtpm6IKTXImkbLgkMy+jabjLgSLMasNuGGzQm/ep3tOkyTxpiQIw==",
  },
  esbuild: {
    version: "0.28.2",
    integrity: "sha512-HKVLS8dvII+xoKW9kmqxbRKrnWEXfJJr/FZhhJmiqIB0e053QNYFqOBouTMO/k5sID4MvCiUCvv8b9M4h32wIA==",
  },
};

// What globe3d.js and its parts import; a name that is not here is not in the bundle.
const THREE_NAMES = [
  "BufferAttribute", "BufferGeometry", "Camera", "CanvasTexture", "Color", "DataTexture", "DoubleSide", "DynamicDrawUsage",
  "FloatType", "GLSL3", "InterleavedBuffer", "InterleavedBufferAttribute", "LinearFilter", "LinearSRGBColorSpace",
  "Mesh", "NearestFilter", "Points", "RawShaderMaterial",
  "RedIntegerFormat", "REVISION", "RGBAFormat", "Scene", "UnsignedByteType", "UnsignedIntType",
  "UnsignedShortType", "WebGLRenderer", "WebGLRenderTarget",
];

const sha256 = (bytes) => createHash("sha256").update(bytes).digest("hex");

/** Packages in a folder of their own, contents as pinned. */
function fetched(work) {
  const dependencies = Object.fromEntries(Object.entries(PACKAGES).map(([name, pin]) => [name, pin.version]));
  writeFileSync(join(work, "package.json"), JSON.stringify({ private: true, dependencies }));
  // No package may run a script of its own here; esbuild's program comes as an optional package of its platform.
  const npm = ["install", "--ignore-scripts", "--no-audit", "--no-fund", "--loglevel=error"];
  execFileSync("npm", npm, { cwd: work, stdio: ["ignore", "ignore", "inherit"] });
  const lock = JSON.parse(readFileSync(join(work, "package-lock.json"), "utf8"));
  for (const [name, pin] of Object.entries(PACKAGES)) {
    const got = lock.packages[`node_modules/${name}`].integrity;
    if (got !== pin.integrity) throw new Error(`${name} ${pin.version}: content ${got}, pinned ${pin.integrity}`);
  }
  return join(work, "node_modules");
}

/** Files of the vendor folder by name. */
function made(work) {
  const modules = fetched(work);
  const file = (...path) => readFileSync(join(modules, ...path), "utf8");
  const entry = join(work, "entry.js");
  writeFileSync(entry, `export { ${THREE_NAMES.join(", ")} } from "three";\n`);
  const banner = `// three.js ${PACKAGES.three.version}, MIT License, Copyright 2010-2026 three.js authors; see LICENSES.txt`;
  execFileSync(join(modules, "esbuild", "bin", "esbuild"), [
    entry, "--bundle", "--minify", "--format=esm", "--target=es2022", "--charset=utf8", "--legal-comments=none",
    `--banner:js=${banner}`, `--outfile=${join(work, "three.js")}`, "--log-level=error",
  ], { cwd: work, stdio: ["ignore", "ignore", "inherit"] });
  // uPlot ships its module without minified form.
  const uplot = `// uPlot ${PACKAGES.uplot.version}, MIT License, Copyright 2022 Leon Sorokin; see LICENSES.txt`;
  execFileSync(join(modules, "esbuild", "bin", "esbuild"), [
    join(modules, "uplot", "dist", "uPlot.esm.js"), "--minify", "--format=esm", "--target=es2022", "--charset=utf8",
    "--legal-comments=none", `--banner:js=${uplot}`, `--outfile=${join(work, "uplot.js")}`, "--log-level=error",
  ], { cwd: work, stdio: ["ignore", "ignore", "inherit"] });
  const files = {
    "three.js": readFileSync(join(work, "three.js"), "utf8"),
    "uplot.js": readFileSync(join(work, "uplot.js"), "utf8"),
    "uplot.css": file("uplot", "dist", "uPlot.min.css"),
    "LICENSES.txt": ["three", "uplot"]
      .map((name) => `${name} ${PACKAGES[name].version}\n\n${file(name, "LICENSE").trim()}\n`)
      .join(`\n${"-".repeat(80)}\n\n`),
  };
  const shipped = { three: ["three.js"], uplot: ["uplot.js", "uplot.css"] };
  const manifest = {
    made_by: "tools/vendor_web.mjs",
    packages: Object.fromEntries(Object.entries(shipped).map(([name, list]) => [name, {
      version: PACKAGES[name].version,
      license: JSON.parse(file(name, "package.json")).license,
      integrity: PACKAGES[name].integrity,
      files: list,
    }])),
    bundled_with: { esbuild: PACKAGES.esbuild.version },
    sha256: Object.fromEntries(Object.entries(files).map(([name, text]) => [name, sha256(Buffer.from(text))])),
  };
  files["manifest.json"] = JSON.stringify(manifest, null, 2) + "\n";
  return files;
}

function differences(files) {
  const out = [];
  for (const [name, text] of Object.entries(files)) {
    let there = null;
    try {
      there = readFileSync(join(TARGET, name));
    } catch {
      out.push(`${name} is missing`);
      continue;
    }
    if (!there.equals(Buffer.from(text))) out.push(`${name} differs`);
  }
  for (const name of readdirSync(TARGET)) if (!(name in files)) out.push(`${name} is not made by this tool`);
  return out;
}

const work = mkdtempSync(join(tmpdir(), "bentpipe-vendor-"));
try {
  const files = made(work);
  if (process.argv.includes("--check")) {
    const found = differences(files);
    for (const line of found) console.error(line);
    if (!found.length) console.error(`${Object.keys(files).length} files are as made`);
    process.exitCode = found.length ? 1 : 0;
  } else {
    mkdirSync(TARGET, { recursive: true });
    for (const [name, text] of Object.entries(files)) writeFileSync(join(TARGET, name), text);
    for (const [name, text] of Object.entries(files)) console.error(`${name}  ${Buffer.byteLength(text)} bytes`);
  }
} finally {
  rmSync(work, { recursive: true, force: true });
}
