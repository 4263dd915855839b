BeforeAll {
    . "$PSScriptRoot/Common.ps1"
    $script:module = (Resolve-Path "$PSScriptRoot/../../out/Splice").ProviderPath
    Import-Module $module

    # Runs a script in a pwsh of its own and gives back what it emits.
    function Invoke-Child([string] $Script) {
        pwsh -NoProfile -NonInteractive -Command $Script
    }
}

Describe 'The manifest' {
    BeforeAll {
        $script:manifest = Test-ModuleManifest "$module/Splice.psd1" -WarningVariable warnings -ErrorVariable failures
        $script:problems = @($warnings) + @($failures)
    }

    It 'is without fault' {
        $problems | Should -BeNullOrEmpty
        $manifest.Name | Should -Be 'Splice'
        $manifest.Description | Should -Not -BeNullOrEmpty
        $manifest.CompatiblePSEditions | Should -Be 'Core'
        $manifest.PowerShellVersion | Should -Be ([version] '7.4')
        $manifest.Tags | Should -Contain 'PSEdition_Core'
        $manifest.Tags | Should -Contain 'Linux'
    }

    It 'names every cmdlet of the assembly, and nothing else' {
        $assembly = (Get-Command Copy-ItemZeroCopy).ImplementingType.Assembly
        $cmdlets = $assembly.GetExportedTypes().ForEach({
                $_.GetCustomAttributes([System.Management.Automation.CmdletAttribute], $false) |
                    ForEach-Object { "$($_.VerbName)-$($_.NounName)" }
            })
        $manifest.ExportedCmdlets.Keys | Sort-Object | Should -Be ($cmdlets | Sort-Object)
        $manifest.ExportedFunctions.Count | Should -Be 0
        $manifest.ExportedAliases.Count | Should -Be 0
        $manifest.ExportedVariables.Count | Should -Be 0
        (Get-Content -Raw "$module/Splice.psd1") | Should -Not -Match "ToExport\s*=\s*'\*'"
    }

    It 'has the version of both assemblies' {
        foreach ($name in 'SpliceModule', 'SpliceCore') {
            $version = [Diagnostics.FileVersionInfo]::GetVersionInfo("$module/$name.dll").FileVersion
            [version] $version | Should -Be ([version] "$($manifest.Version).0")
        }
    }
}

Describe 'The folder' {
    It 'has the module, and nothing that PowerShell brings' {
        $expected = 'Splice.Format.ps1xml', 'Splice.psd1', 'Splice.Types.ps1xml', 'SpliceCore.dll', 'SpliceLoader.dll', 'SpliceModule.dll'
        (Get-ChildItem $module -Exclude en-US, linux-*).Name | Sort-Object | Should -Be $expected
    }

    BeforeAll {
        function Get-ModuleVersionId([string] $Path) {
            $image = [Reflection.PortableExecutable.PEReader]::new([IO.File]::OpenRead($Path))
            try {
                $reader = [Reflection.Metadata.PEReaderExtensions]::GetMetadataReader($image)
                $reader.GetGuid($reader.GetModuleDefinition().Mvid)
            }
            finally { $image.Dispose() }
        }
    }

    # An image with machine code is refused by other processors. Linux has numbers of its own for them (IMAGE_FILE_MACHINE_OS_MASK_LINUX).
    It 'serves x64 and arm64 with each assembly' {
        Add-Type -AssemblyName System.Reflection.Metadata
        $processors = @{}
        foreach ($file in Get-ChildItem $module -Recurse -Filter *.dll) {
            $stream = [IO.File]::OpenRead($file)
            try { $headers = [Reflection.PortableExecutable.PEHeaders]::new($stream) } finally { $stream.Dispose() }
            $processors[$file.Name] += switch ([int] $headers.CoffHeader.Machine) {
                0x014C { $headers.CorHeader.Flags.HasFlag([Reflection.PortableExecutable.CorFlags]::ILOnly) ? @('x64', 'arm64') : @('x86') }
                (0x8664 -bxor 0x7B79) { @('x64') }
                (0xAA64 -bxor 0x7B79) { @('arm64') }
                default { @('another') }
            }
        }

        $processors.Keys | Sort-Object | Should -Be 'SpliceCore.dll', 'SpliceLoader.dll', 'SpliceModule.dll'
        foreach ($name in $processors.Keys) { $processors[$name] | Sort-Object -Unique | Should -Be 'arm64', 'x64' -Because "$name is loaded on both" }
    }

    # PowerShell takes an image for the assembly at its path only if both have the same identifier.
    It 'has images of the same assemblies for each processor' {
        $images = Get-ChildItem "$module/linux-*/*.dll"
        if (-not $images) { Set-ItResult -Skipped -Because 'only a build on x64 has images' }
        $images.ForEach({ [IO.Path]::GetRelativePath($module, $_) }) | Sort-Object |
            Should -Be 'linux-arm64/SpliceCore.dll', 'linux-arm64/SpliceModule.dll', 'linux-x64/SpliceCore.dll', 'linux-x64/SpliceModule.dll'
        foreach ($image in $images) { Get-ModuleVersionId $image | Should -Be (Get-ModuleVersionId "$module/$($image.Name)") }
    }
}

Describe 'The cmdlets' {
    BeforeAll {
        $script:cmdlets = Get-Command -Module Splice
    }

    It 'have approved verbs' {
        $approved = (Get-Verb).Verb
        $cmdlets.Verb | Should -BeIn $approved
    }

    It 'say what they emit' {
        foreach ($cmdlet in $cmdlets) {
            $type = switch ($cmdlet.Name) {
                'New-SplicePipe' { [Splice.SplicePipe] }
                'Invoke-PipelineZeroCopy' { [Splice.PipelineResult] }
                'Compare-ItemZeroCopy' { [Splice.ComparisonResult] }
                'Test-ZeroCopy' { [Splice.MethodReport] }
                'Measure-ZeroCopy' { [Splice.MeasurementResult] }
                { $_ -in 'Send-ItemZeroCopy', 'Receive-ItemZeroCopy' } { [Splice.RemoteTransferResult] }
                default { [Splice.TransferResult] }
            }

            $cmdlet.OutputType.Type | Should -Contain $type
            $cmdlet.OutputType.Name | Should -Match '^(Splice\.\w+|System\.String|System\.Boolean)$'
        }
    }

    It 'that change files ask first' {
        foreach ($name in 'Copy-ItemZeroCopy', 'Copy-StreamZeroCopy', 'Send-ItemZeroCopy', 'Receive-ItemZeroCopy', 'Measure-ZeroCopy') {
            $parameters = (Get-Command $name).Parameters
            $parameters.Keys | Should -Contain 'WhatIf'
            $parameters.Keys | Should -Contain 'Confirm'
        }
    }
}

Describe 'Importing' {
    BeforeAll {
        # In the strictest mode. A busy machine must not add methods that are compiled once more in the background.
        $env:DOTNET_TieredCompilation = '0'
        $script:child = Invoke-Child "
            Set-StrictMode -Version Latest
            `$ErrorActionPreference = 'Stop'
            `$all = Import-Module '$module' -PassThru *>&1
            `$before = [Runtime.JitInfo]::GetCompiledMethodCount()
            `$copied = Copy-ItemZeroCopy /dev/zero '$TestDrive/child' -Count 10
            `$compiled = [Runtime.JitInfo]::GetCompiledMethodCount() - `$before
            `$shown = `$copied | Out-String -Width 200
            @{
                Imported = @(`$all).Count; Commands = @(Get-Command -Module Splice).Count; Copied = `$copied.BytesCopied; Shown = `$shown
                Loaded = @([AppDomain]::CurrentDomain.GetAssemblies().Location -like '$module/*' -replace '^.*?/out/Splice/' | Sort-Object)
                Compiled = `$compiled
                Flags = [Splice.SpliceFlags]'Move, More' -as [int]; Method = `"`$([Splice.TransferMethod]::Auto)`"
            } | ConvertTo-Json" | ConvertFrom-Json
        $env:DOTNET_TieredCompilation = $null
    }

    It 'is quiet, quick and complete in a shell of its own, in the strictest mode' {
        $child.Commands | Should -Be (Get-Command -Module Splice).Count
        $child.Imported | Should -Be 1
        $child.Copied | Should -Be 10
        $child.Shown | Should -Match ' 10 B '
    }

    It 'loads the three assemblies of the folder, as images for this processor, and no fourth' {
        $images = "linux-$([Runtime.InteropServices.RuntimeInformation]::ProcessArchitecture)".ToLowerInvariant()
        $folder = (Test-Path "$module/$images") ? "$images/" : ''
        $child.Loaded | Should -Be (@("${folder}SpliceCore.dll", 'SpliceLoader.dll', "${folder}SpliceModule.dll") | Sort-Object)
    }

    # From IL, the first copy has some 700 methods compiled. What remains are mostly PowerShell's own.
    It 'leaves the compiler little to do at the first call' {
        if ([Environment]::Version.Major -ne 10 -or -not (Test-Path "$module/linux-*")) { Set-ItResult -Skipped -Because 'the images are for .NET 10' }
        $child.Compiled | Should -BeLessThan 250
    }

    It 'gives the types their names' {
        $child.Flags, $child.Method | Should -Be 5, 'Auto'
    }

    It 'works by name, and again' {
        Invoke-Child "
            `$env:PSModulePath = '$(Split-Path $module)'
            Copy-ItemZeroCopy /dev/zero '$TestDrive/child' -Count 10 | ForEach-Object BytesCopied
            Remove-Module Splice
            Import-Module Splice -Force
            Copy-ItemZeroCopy /dev/zero '$TestDrive/child' -Count 20 | ForEach-Object BytesCopied" |
            Should -Be 10, 20
    }

    It 'works in several runspaces at once' {
        $source = "$TestDrive/parallel"
        [IO.File]::WriteAllBytes($source, (Get-TestByte 100000))
        $results = 1..8 | ForEach-Object -Parallel {
            Import-Module $using:module
            Copy-ItemZeroCopy $using:source "$using:source.$_"
        }
        $results.Count | Should -Be 8
        foreach ($result in $results) {
            Get-Hash $result.Destination | Should -Be (Get-Hash $source)
        }
    }
}

Describe 'Other systems' {
    BeforeAll {
        $check = [Splice.ModuleInitializer].GetMethod('Check', [Reflection.BindingFlags]'Static, NonPublic')
    }

    It '<System> on <Architecture> is refused with a clear error' -ForEach @(
        @{ Linux = $false; Runtime = 'win-x64'; Architecture = 'X64'; System = 'Microsoft Windows 11' }
        @{ Linux = $false; Runtime = 'osx-arm64'; Architecture = 'Arm64'; System = 'Darwin 25' }
        @{ Linux = $true; Runtime = 'linux-s390x'; Architecture = 'S390x'; System = 'Linux 6.18' }
        @{ Linux = $true; Runtime = 'linux-musl-x64'; Architecture = 'X64'; System = 'Alpine Linux v3.22' }
        @{ Linux = $true; Runtime = 'alpine.3.22-arm64'; Architecture = 'Arm64'; System = 'Alpine Linux v3.22' }
        @{ Linux = $true; Runtime = 'linux-bionic-arm64'; Architecture = 'Arm64'; System = 'Android' }
    ) {
        $call = { $check.Invoke($null, @($Linux, $Runtime, [Runtime.InteropServices.Architecture]$Architecture, $System)) }
        $call | Should -Throw "*Splice works on Linux with glibc on x64 and arm64; this is $System ($Runtime) on $Architecture*"
    }

    It '<_> is accepted' -ForEach 'linux-x64', 'linux-arm64', 'ubuntu.24.04-x64', 'fedora.43-arm64' {
        $architecture = [Runtime.InteropServices.Architecture](($_ -split '-')[-1])
        { $check.Invoke($null, @($true, $_, $architecture, 'Linux')) } | Should -Not -Throw
    }
}
