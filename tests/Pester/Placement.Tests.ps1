BeforeAll {
    . "$PSScriptRoot/Common.ps1"
    Import-Module "$PSScriptRoot/../../out/Splice"
}

Describe 'Where several sources of Copy-ItemZeroCopy go' {
    BeforeEach {
        $script:folder = "$TestDrive/$([guid]::NewGuid())"
        $null = New-Item -ItemType Directory $folder/g/a, $folder/g/b
        Push-Location -LiteralPath $folder
        foreach ($file in 'a/one', 'b/two', 'top') {
            [IO.File]::WriteAllText("$folder/g/$file", $file)
        }
    }

    AfterEach {
        Pop-Location
    }

    Context 'a folder that is missing is made, and takes each: <Name>' -ForEach @(
        @{ Name = 'a wildcard'; Copy = { Copy-ItemZeroCopy g/* out -Recurse } }
        @{ Name = 'an array'; Copy = { Copy-ItemZeroCopy g/a, g/b, g/top out -Recurse } }
        @{ Name = 'literal paths'; Copy = { Copy-ItemZeroCopy -LiteralPath g/a, g/b, g/top out -Recurse } }
        @{ Name = 'items of the pipeline'; Copy = { Get-ChildItem g | Copy-ItemZeroCopy -Destination out -Recurse } }
        @{ Name = 'paths of the pipeline'; Copy = { 'g/a', 'g/b', 'g/top' | Copy-ItemZeroCopy -Destination out -Recurse } }
        @{ Name = 'items as an argument'; Copy = { Copy-ItemZeroCopy -InputObject (Get-ChildItem g) -Destination out -Recurse } }
        @{ Name = 'with -Resume'; Copy = { Copy-ItemZeroCopy g/* out -Recurse -Resume } }
        @{ Name = 'with a slash'; Copy = { Copy-ItemZeroCopy g/* out/ -Recurse } }
    ) {
        It 'and again, the same' {
            foreach ($time in 1, 2) {
                $results = & $Copy
                $results.Destination | Should -Be "$folder/out/a", "$folder/out/b", "$folder/out/top"
                Get-Tree out | Should -Be (Get-Tree g)
            }
        }
    }

    Context 'a missing destination that ends in a slash is made, and takes one source: <Name>' -ForEach @(
        @{ Name = 'a folder'; Made = 'out/g'; Copy = { Copy-ItemZeroCopy g out/ -Recurse } }
        @{ Name = 'with -Resume'; Made = 'out/g'; Copy = { Copy-ItemZeroCopy g/ out/ -Recurse -Resume } }
        @{ Name = 'a file'; Made = 'out/top'; Copy = { Copy-ItemZeroCopy g/top out/ } }
        @{ Name = 'a file written in place'; Made = 'out/top'; Copy = { Copy-ItemZeroCopy g/top out/ -InPlace } }
        @{ Name = 'a record with its destination'; Made = 'out/top'; Copy = { [pscustomobject]@{ Path = 'g/top'; Destination = 'out/' } | Copy-ItemZeroCopy } }
        @{ Name = 'with two slashes'; Made = 'out/top'; Copy = { Copy-ItemZeroCopy g/top "$folder/out//" } }
    ) {
        It 'and again, the same' {
            foreach ($time in 1, 2) {
                [IO.Path]::GetFullPath((& $Copy).Destination) | Should -Be "$folder/$Made"
                Get-ChildItem out -Name | Should -Be (Split-Path -Leaf $Made)
            }
        }
    }

    It 'such a folder is removed again where nothing could be copied into it: <Id>' -ForEach @(
        @{ Id = 'CopyIntoItself'; Copy = { Copy-ItemZeroCopy g g/new/ -Recurse } }
        @{ Id = 'SourceIsDirectory'; Copy = { Copy-ItemZeroCopy g new/ } }
        @{ Id = 'SourceNotFound'; Copy = { Copy-ItemZeroCopy none new/ } }
        @{ Id = 'CountPastEnd'; Copy = { Copy-ItemZeroCopy g/top new/ -Count 1MB } }
        @{ Id = 'DestinationFolderNotFound'; Copy = { Copy-ItemZeroCopy g/top none/new/ } }
        @{ Id = 'DestinationFolderNotFound'; Copy = { Copy-ItemZeroCopy g/top g/top/ } }
        @{ Id = 'DestinationExists'; Copy = { $null = New-Item -ItemType SymbolicLink link -Value new; Copy-ItemZeroCopy g/top link/ } }
    ) {
        (Get-Failure $Copy).FullyQualifiedErrorId | Should -BeLike "$Id,*"
        'new', 'g/new', 'none' | Should -Not -Exist
    }

    It 'files alone as well: <Name>' -ForEach @(
        @{ Name = 'a wildcard'; Copy = { Copy-ItemZeroCopy g/?/* out } }
        @{ Name = 'an array'; Copy = { Copy-ItemZeroCopy g/a/one, g/b/two out } }
        @{ Name = 'the pipeline'; Copy = { Get-ChildItem g/a, g/b | Copy-ItemZeroCopy -Destination out } }
    ) {
        & $Copy | ForEach-Object Destination | Should -Be "$folder/out/one", "$folder/out/two"
        (Get-ChildItem out).Name | Should -Be 'one', 'two'
    }

    It 'one that a wildcard or the pipeline finds goes into a folder too: <Name>' -ForEach @(
        @{ Name = 'a wildcard'; Copy = { Copy-ItemZeroCopy g/t* out } }
        @{ Name = 'the pipeline'; Copy = { Get-Item g/top | Copy-ItemZeroCopy -Destination out } }
    ) {
        (& $Copy).Destination | Should -Be "$folder/out/top"
    }

    It 'one that is named, or that brings its own destination, gets that name' {
        (Copy-ItemZeroCopy g/top one).Destination | Should -Be "$folder/one"
        (Copy-ItemZeroCopy g/a tree -Recurse).Destination | Should -Be "$folder/tree"
        $results = [pscustomobject]@{ Path = 'g/top'; Destination = 'two' }, [pscustomobject]@{ Path = 'g/a/one'; Destination = 'three' } |
            Copy-ItemZeroCopy
        $results.Destination | Should -Be "$folder/two", "$folder/three"
        'one', 'two', 'three' | Should -Exist
        Get-Item one, two, three | ForEach-Object PSIsContainer | Should -Be $false, $false, $false
    }

    It '-WhatIf shows these places, and makes nothing' {
        $shown = pwsh -NoProfile -NonInteractive -Command "
            Import-Module '$((Get-Module Splice).Path)'
            Set-Location '$folder'
            Copy-ItemZeroCopy g/a, g/top out -Recurse -WhatIf
            Get-ChildItem g/top | Copy-ItemZeroCopy -Destination out -WhatIf
            Copy-ItemZeroCopy g/top out/ -WhatIf"
        $shown | Should -Be @(
            "What if: Performing the operation `"Copy Folder`" on target `"Item: $folder/g/a Destination: $folder/out/a`"."
            "What if: Performing the operation `"Copy File`" on target `"Item: $folder/g/a/one Destination: $folder/out/a/one`"."
            "What if: Files: 1 to copy, 0 to update ($((Get-Item g/a/one).Length) B in all), 0 unchanged, 0 skipped, 0 with errors."
            "What if: Performing the operation `"Copy File`" on target `"Item: $folder/g/top Destination: $folder/out/top`"."
            "What if: Performing the operation `"Copy File`" on target `"Item: $folder/g/top Destination: $folder/out/top`"."
            "What if: Performing the operation `"Copy File`" on target `"Item: $folder/g/top Destination: $folder/out/top`"."
        )
        'out' | Should -Not -Exist
    }

    It 'a file takes none of them, and stays: <Name>' -ForEach @(
        @{ Name = 'a wildcard'; Copy = { Copy-ItemZeroCopy g/?/* file } }
        @{ Name = 'an array'; Copy = { Copy-ItemZeroCopy g/a/one, g/b/two file } }
        @{ Name = 'the pipeline'; Copy = { Get-Item g/a/one, g/b/two | Copy-ItemZeroCopy -Destination file } }
    ) {
        [IO.File]::WriteAllText("$folder/file", 'keep')
        $failures = Get-Failure $Copy
        $failures.Count | Should -Be 2
        foreach ($failure in $failures) {
            Assert-Failure $failure -Id 'DestinationExists,Splice.Commands.CopyItemZeroCopyCommand' -Category ResourceExists -Target "$folder/file" -Says 'Several sources', 'Specify a folder'
        }

        Get-Content file | Should -Be 'keep'
    }

    It 'a link to nothing takes none of them' {
        $null = New-Item -ItemType SymbolicLink link -Value missing
        $failures = Get-Failure { Copy-ItemZeroCopy g/a/one, g/b/two link }
        $failures.Count | Should -Be 2
        Assert-Failure $failures[0] -Id 'DestinationExists,Splice.Commands.CopyItemZeroCopyCommand' -Category ResourceExists -Target "$folder/link" -Says 'not a folder'
        'missing' | Should -Not -Exist
    }

    It 'nothing is made for sources that are missing, or where the folder above is missing' {
        (Get-Failure { Copy-ItemZeroCopy g/none, g/nothing out }).FullyQualifiedErrorId | Should -BeLike 'SourceNotFound*'
        'out' | Should -Not -Exist
        (Get-Failure { Copy-ItemZeroCopy g/a/one, g/top none/out }).FullyQualifiedErrorId | Should -BeLike 'DestinationFolderNotFound*'
        'none' | Should -Not -Exist
    }

    It 'what is written in place, or appended to, is a file' {
        Copy-ItemZeroCopy g/a/one, g/b/two log -Append
        Get-Content log | Should -Be 'a/oneb/two'
        [IO.File]::WriteAllText("$folder/file", '........')
        Copy-ItemZeroCopy g/t* file -DestinationOffset 2
        Get-Content file | Should -Be '..top...'
    }

    It 'a source that is named more than once is copied once, with a warning: <Name>' -ForEach @(
        @{ Name = 'an array'; Copy = { Copy-ItemZeroCopy g/top, ./g/top, g/a/one to } }
        @{ Name = 'wildcards that overlap'; Copy = { Copy-ItemZeroCopy g/t*, g/*p, g/a/one to } }
        @{ Name = 'the pipeline'; Copy = { 'g/top', 'g/top', 'g/a/one' | Copy-ItemZeroCopy -Destination to } }
        @{ Name = 'folders'; Copy = { Copy-ItemZeroCopy g/a, g/a/ to -Recurse } }
    ) {
        $null = New-Item -ItemType Directory to
        $results = & $Copy 3> warnings
        @($results).Count | Should -Be @(Get-ChildItem to).Count
        Get-Content -Raw warnings | Should -BeLike "*'$folder/g/*' was specified more than once. It is copied once.*"
    }
}
