using System.Runtime.CompilerServices;

// Every import is blittable and generated at build time: nothing is marshalled by reflection when the module loads.
[assembly: DisableRuntimeMarshalling]
