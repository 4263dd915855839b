using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;

// Every import is blittable and generated at build time: nothing is marshalled by reflection when the module loads.
[assembly: DisableRuntimeMarshalling]

// libc is the system's: the module's own folder is no place to look for it.
[assembly: DefaultDllImportSearchPaths(DllImportSearchPath.System32)]
