BeforeAll {
    . "$PSScriptRoot/Common.ps1"
    . "$PSScriptRoot/Packages.ps1"
    $script:root = (Resolve-Path "$PSScriptRoot/../..").ProviderPath
    $script:version = (Import-PowerShellDataFile "$root/Splice.psd1").ModuleVersion

    function Get-PackageFile([string] $Package) {
        $zip = [IO.Compression.ZipFile]::OpenRead($Package)
        try { $zip.Entries.FullName } finally { $zip.Dispose() }
    }

    function Get-PackageText([string] $Package, [string] $Name) {
        $zip = [IO.Compression.ZipFile]::OpenRead($Package)
        try { [IO.StreamReader]::new($zip.GetEntry($Name).Open()).ReadToEnd() } finally { $zip.Dispose() }
    }

    $script:modulePath = "$TestDrive/modules"
    $script:fresh = @{ UserHome = "$TestDrive/home"; ModulePath = $modulePath }
    $null = New-Item -ItemType Directory $modulePath
    $script:source = "$TestDrive/source.bin"
    [IO.File]::WriteAllBytes($source, (Get-TestByte 300000))

    $script:package = if (Test-Sdk $root) { Get-BuiltPackage }
}

Describe 'The package' {
    BeforeEach {
        if (-not $package) { Set-ItResult -Skipped -Because 'the .NET SDK of global.json is not on this machine' }
    }

    It 'holds the module, its papers and what packages have, and nothing else' {
        Get-PackageFile $package | Sort-Object | Should -Be (@(
                '_rels/.rels', '[Content_Types].xml', 'package/services/metadata/core-properties/nuget.psmdcp', 'Splice.nuspec'
                'Splice.psd1', 'Splice.Format.ps1xml', 'Splice.Types.ps1xml', 'SpliceCore.dll', 'SpliceLoader.dll', 'SpliceModule.dll'
                'linux-x64/SpliceCore.dll', 'linux-x64/SpliceModule.dll', 'linux-arm64/SpliceCore.dll', 'linux-arm64/SpliceModule.dll'
                'en-US/SpliceModule.dll-Help.xml'
                (Get-ChildItem "$root/docs/en-US/about_*.help.txt").ForEach({ "en-US/$($_.Name)" })
                'CHANGELOG.md', 'LICENSE', 'README.md', 'icon.png', 'sbom.cdx.json') | Sort-Object)
    }

    It 'is the same, byte for byte, from another folder, at another time, in another zone, with an origin' {
        if ($env:SPLICE_TEST_FULL -ne '1') { Set-ItResult -Skipped -Because 'two more builds are for the full run' }
        $here = "$TestDrive/here"
        Copy-Source $here
        $one = Build-Package $here

        $there = "$TestDrive/quite another/place"
        $null = New-Item -ItemType Directory (Split-Path $there)
        Copy-Source $there
        git -C $there init --quiet
        git -C $there remote add origin https://github.com/somebody/else.git
        git -C $there add README.md
        git -C $there -c user.name=a -c user.email=a@b commit --quiet -m a
        Get-ChildItem $there -Recurse -File | ForEach-Object { $_.LastWriteTime = [datetime]'2020-02-29 12:34:56' }
        $zone = $env:TZ
        $env:TZ = 'Asia/Tokyo'
        try { $other = Build-Package $there } finally { $env:TZ = $zone }
        Get-Hash $other | Should -Be (Get-Hash $one)

        # The compiler is no matter of the SDK either.
        $image = [Reflection.PortableExecutable.PEReader]::new([IO.File]::OpenRead("$there/out/Splice/SpliceCore.dll"))
        try {
            $entry = $image.ReadDebugDirectory() | Where-Object Type -EQ EmbeddedPortablePdb
            $symbols = $image.ReadEmbeddedPortablePdbDebugDirectoryData($entry)
            $reader = $symbols.GetMetadataReader()
            $options = foreach ($handle in $reader.CustomDebugInformation) {
                [Text.Encoding]::UTF8.GetString($reader.GetBlobBytes($reader.GetCustomDebugInformation($handle).Value))
            }
            $pinned = ([xml](Get-Content -Raw "$root/Directory.Packages.props")).SelectSingleNode('//PackageVersion[@Include="Microsoft.Net.Compilers.Toolset"]').Version
            ($options -join '') | Should -Match "compiler-version.$([regex]::Escape($pinned))[-+]"
        }
        finally {
            $image.Dispose()
        }
    }

    It 'says what a gallery wants to know' {
        $about = ([xml](Get-PackageText $package Splice.nuspec)).package.metadata
        $about.id | Should -BeExactly Splice
        $about.version | Should -Be $version
        $about.license.'#text' | Should -BeExactly MIT
        $about.icon | Should -Be icon.png
        $about.readme | Should -Be README.md
        $about.description | Should -Be (Import-PowerShellDataFile "$root/Splice.psd1").Description
        $changes = Get-Content -Raw "$root/CHANGELOG.md"
        $about.releaseNotes.Length | Should -BeGreaterThan 500
        $section = [regex]::Match($changes, "(?ms)^## \[$([regex]::Escape($version))\] - \d{4}-\d\d-\d\d\n\n(.*?)\n\n## ").Groups[1].Value
        $about.releaseNotes | Should -BeExactly $section -Because 'the notes are those of this version'
        $tags = -split $about.tags
        $manifest = Import-PowerShellDataFile "$root/Splice.psd1"
        $tags | Should -Be (@('PSModule', 'PSIncludes_Cmdlet') + $manifest.CmdletsToExport.ForEach({ "PSCmdlet_$_", "PSCommand_$_" }) + $manifest.PrivateData.PSData.Tags)
        $about.SelectNodes('//*[local-name()="dependency"]').Count | Should -Be 0
    }

    It 'has the addresses of its project in its manifest, which is the one of the sources otherwise' {
        $packed = Get-PackageText $package Splice.psd1
        Set-Content "$TestDrive/packed.psd1" $packed
        $data = (Import-PowerShellDataFile "$TestDrive/packed.psd1").PrivateData.PSData
        $data.ProjectUri | Should -Be 'https://example.org/splice'
        $data.LicenseUri | Should -Be "https://example.org/splice/blob/v$version/LICENSE"
        $data.IconUri | Should -Be "https://example.org/splice/raw/v$version/docs/images/icon.png"
        $data.ReleaseNotes | Should -Be "https://example.org/splice/blob/v$version/CHANGELOG.md"
        foreach ($path in $data.LicenseUri, $data.IconUri, $data.ReleaseNotes) { "$root/$($path -replace '^.*?/v[\d.]+/')" | Should -Exist }
        ($packed.TrimEnd() -split "`n" -notmatch '^\s+\w+\s+= .https://').Trim() |
            Should -Be ((Get-Content -Raw "$root/Splice.psd1").TrimEnd() -split "`n").Trim()
    }

    It 'has a bill of materials with what it was made of' {
        $bill = Get-PackageText $package sbom.cdx.json | ConvertFrom-Json
        $bill.bomFormat | Should -BeExactly CycloneDX
        $bill.metadata.component.version | Should -Be $version
        [IO.Compression.ZipFile]::ExtractToDirectory($package, "$TestDrive/bill")
        $files = @($bill.components | Where-Object type -EQ file)
        $files.name | Sort-Object | Should -Be (Get-ChildItem "$TestDrive/bill" -Recurse -Filter *.dll | ForEach-Object { [IO.Path]::GetRelativePath("$TestDrive/bill", $_) } | Sort-Object)
        foreach ($file in $files) {
            $file.hashes.content | Should -Be (Get-Hash "$TestDrive/bill/$($file.name)")
        }

        # Whatever the restore of the two projects has brought is named, and nothing more.
        $restored = foreach ($project in 'SpliceCore', 'SpliceLoader', 'SpliceModule') {
            $assets = Get-Content "$root/src/$project/obj/project.assets.json" -Raw | ConvertFrom-Json -AsHashtable
            $assets.libraries.GetEnumerator() | Where-Object { $_.Value.type -eq 'package' } | ForEach-Object Key
        }
        $libraries = @($bill.components | Where-Object type -EQ library)
        $libraries.ForEach({ "$($_.name)/$($_.version)" }) | Sort-Object | Should -Be @($restored | Sort-Object -Unique)
        $known = @($bill.metadata.component.'bom-ref') + $bill.components.'bom-ref'
        $bill.dependencies.ref | Should -Be $known
        $bill.dependencies.dependsOn | Should -BeIn $known
    }

    It 'works where it was unzipped' {
        [IO.Compression.ZipFile]::ExtractToDirectory($package, "$modulePath/Splice/$version")
        try {
            $told = Invoke-Fresh @fresh "(Copy-ItemZeroCopy '$source' '$TestDrive/unzipped.bin').BytesCopied; (Get-Module Splice).ModuleBase"
            $told | Should -Be 300000, "$modulePath/Splice/$version"
            Get-Hash "$TestDrive/unzipped.bin" | Should -Be (Get-Hash $source)
        }
        finally {
            Remove-Item "$modulePath/Splice" -Recurse -Force
        }
    }
}

Describe 'PSResourceGet' {
    BeforeAll {
        $script:resourceGet = (Get-Module -ListAvailable Microsoft.PowerShell.PSResourceGet | Select-Object -First 1).Path
        if (-not $package -or -not $resourceGet) { return }

        # The same module under the next version.
        function Copy-PackageAs([string] $Package, [version] $Version, [string] $Folder) {
            $copy = "$Folder/Splice.$Version.nupkg"
            Copy-Item $Package $copy
            $zip = [IO.Compression.ZipFile]::Open($copy, 'Update')
            foreach ($name in 'Splice.psd1', 'Splice.nuspec') {
                $text = Get-PackageText $Package $name
                $zip.GetEntry($name).Delete()
                $writer = [IO.StreamWriter]::new($zip.CreateEntry($name).Open())
                $writer.Write($text.Replace("ModuleVersion          = '$script:version'", "ModuleVersion          = '$Version'").Replace("<version>$script:version<", "<version>$Version<"))
                $writer.Dispose()
            }

            $zip.Dispose()
        }

        $script:repository = (New-Item -ItemType Directory "$TestDrive/repository").FullName
        Copy-Item $package $repository
        $script:next = [version]::new(([version]$version).Major, ([version]$version).Minor, ([version]$version).Build + 1)
        $script:begin = "`$ErrorActionPreference = 'Stop'; `$ProgressPreference = 'SilentlyContinue'; Import-Module '$resourceGet'"
        Invoke-Fresh @fresh "$begin; Register-PSResourceRepository Here '$repository' -Trusted" | Should -BeNullOrEmpty
        $script:installed = "$TestDrive/home/.local/share/powershell/Modules/Splice"
    }

    BeforeEach {
        if (-not $package -or -not $resourceGet) { Set-ItResult -Skipped -Because 'PSResourceGet, or the SDK that builds the package, is not on this machine' }
    }

    It 'installs it into an empty module path, and it runs' {
        $told = Invoke-Fresh @fresh "$begin; Install-PSResource Splice -Repository Here; (Copy-ItemZeroCopy '$source' '$TestDrive/installed.bin').BytesCopied; (Get-Module Splice).ModuleBase"
        $told | Should -Be 300000, "$installed/$version"
        Get-Hash "$TestDrive/installed.bin" | Should -Be (Get-Hash $source)
    }

    It 'updates and uninstalls it while another pwsh has it loaded' {
        $start = [Diagnostics.ProcessStartInfo]::new('pwsh', [string[]]('-NoProfile', '-NonInteractive', '-Command',
                "Import-Module '$installed/$version/Splice.psd1'; 'loaded'; while (`$to = [Console]::In.ReadLine()) { (Copy-ItemZeroCopy '$source' `$to).BytesCopied }"))
        $start.RedirectStandardInput = $start.RedirectStandardOutput = $true
        $other = [Diagnostics.Process]::Start($start)
        try {
            $other.StandardOutput.ReadLine() | Should -Be loaded
            Copy-PackageAs -Package $package -Version $next -Folder $repository
            Invoke-Fresh @fresh "$begin; Update-PSResource Splice -Repository Here; Import-Module Splice; (Get-Module Splice).Version.ToString()" | Should -Be "$next"
            $other.StandardInput.WriteLine("$TestDrive/updated.bin")
            $other.StandardOutput.ReadLine() | Should -Be 300000

            Invoke-Fresh @fresh "$begin; Uninstall-PSResource Splice -Version '*'; [bool](Get-Module -ListAvailable Splice)" | Should -Be False
            Test-Path "$installed/*" | Should -BeFalse
            $other.StandardInput.WriteLine("$TestDrive/uninstalled.bin")
            $other.StandardOutput.ReadLine() | Should -Be 300000
            foreach ($name in 'updated', 'uninstalled') { Get-Hash "$TestDrive/$name.bin" | Should -Be (Get-Hash $source) }
            $other.StandardInput.Close()
            $other.WaitForExit(30000) | Should -BeTrue
            $other.ExitCode | Should -Be 0
        }
        finally {
            if (-not $other.HasExited) { $other.Kill() }
            $other.Dispose()
        }
    }
}
